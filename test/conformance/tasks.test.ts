/* eslint-disable require-yield -- a coroutine need not wait for anything */
import { inspect } from 'node:util';
import {
  allTasks,
  type BaseEventLoop,
  CancelledError,
  type Coroutine,
  type CoroutineGenerator,
  currentTask,
  ensureFuture,
  type ExceptionContext,
  Future,
  getRunningLoop,
  InvalidStateError,
  isCoroutine,
  LoopStateError,
  setEventLoop,
  sleep,
  SystemExit,
  Task,
} from '@ringloop/core';
import { expect } from 'chai';
import sinon from 'sinon';
import { collectGarbage } from '../core/collect-garbage.js';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf } from '../core/virtual-loop.js';
import { KINDS } from './coroutine-kinds.js';
import { PollingLoop } from './polling-loop.js';
import { doNothing, runBriefly } from './run-briefly.js';

// Cases of CPython's test_tasks.py (PSF License Version 2), but for those of gather(), wait(), shield() and as_completed(), which
// have files of their own. The facts are theirs, the text is ours.

for (const { kind, coroutine } of KINDS) {
  describe(`conformance/tasks, ${kind}`, () => {
    let loop: BaseEventLoop;
    let log: unknown[];
    const note = (what: unknown): void => void log.push(what);

    /** A task of the kind. */
    const start = <T>(body: () => CoroutineGenerator<T>): Task<T> => loop.createTask(coroutine(body));
    const run = <T>(body: () => CoroutineGenerator<T>): Promise<T> => loop.runUntilComplete(coroutine(body));

    beforeEach(() => {
      loop = jumpingLoop();
      log = [];
    });

    afterEach(() => {
      sinon.restore();
      setEventLoop(null);
      if (loop.isClosed()) return;
      loop.setExceptionHandler(() => undefined); // what closing reports is another case's business
      loop.close();
    });

    describe('running', () => {
      it('BaseTaskTests.test_task_basics: a coroutine waits for others and gives its result', async () => {
        function* inner(result: number): Generator<unknown, number> {
          return result;
        }
        const sum = await run(function* () {
          const a = yield* inner(42);
          const b = yield* inner(1000);
          return a + b;
        });
        expect(sum).to.equal(1042);
      });

      it('BaseTaskTests.test_task_class: a task belongs to its loop and has the result of its coroutine', async () => {
        const task = start(function* () {
          return 'ok';
        });
        await loop.runUntilComplete(task);
        expect([task.done(), task.result(), task.getLoop()]).to.deep.equal([true, 'ok', loop]);
        const other = jumpingLoop();
        const elsewhere = other.createTask(
          coroutine(function* () {
            return 'ok';
          }),
        );
        expect(elsewhere.getLoop()).to.equal(other);
        await other.runUntilComplete(elsewhere);
      });

      it('BaseTaskTests.test_bare_create_task: a task made in a running loop can be waited for', async () => {
        const result = await run(function* () {
          const task = getRunningLoop().createTask(
            coroutine(function* () {
              return 1;
            }),
          );
          expect(task).to.be.instanceOf(Task);
          return yield* task;
        });
        expect(result).to.equal(1);
      });

      it('BaseTaskTests.test_bare_create_named_task: and has the name it was given', async () => {
        await run(function* () {
          const task = getRunningLoop().createTask(coroutine(doNothing), { name: 'No-op' });
          expect(task.getName()).to.equal('No-op');
          yield* task;
        });
      });

      it('BaseTaskTests.test_create_task_with_noncoroutine: a number is no coroutine, the second time neither', () => {
        for (let times = 0; times < 2; times++) {
          expect(() => loop.createTask(123 as never)).to.throw(
            TypeError,
            'a coroutine or a promise is required, got 123',
          );
        }
      });

      it('BaseTaskTests.test_create_task_with_async_function: a coroutine is one, the second time as well', async () => {
        const nothing = coroutine(doNothing);
        for (let times = 0; times < 2; times++) {
          const task = loop.createTask(nothing);
          expect(task).to.be.instanceOf(Task);
          await loop.runUntilComplete(task);
        }
      });

      it('BaseTaskTests.test_create_task_with_asynclike_function: so is what behaves like a promise', async () => {
        const like = {
          then: (onFulfilled: (value: number) => void): void => onFulfilled(42),
        } as PromiseLike<number>;
        for (let times = 0; times < 2; times++) {
          expect(await loop.runUntilComplete(loop.createTask(like))).to.equal(42);
        }
      });

      it('BaseTaskTests.test_get_coro: gives what the task was made of', async () => {
        const nothing = coroutine(doNothing);
        const task = loop.createTask(nothing);
        await loop.runUntilComplete(task);
        expect(task.getCoro()).to.equal(nothing);
      });

      it('BaseTaskTests.test_coroutine_non_gen_function: a coroutine that never waits gives its result all the same', async () => {
        const test = coroutine(function* () {
          return 'test';
        });
        expect(await loop.runUntilComplete(test)).to.equal('test');
      });

      it('BaseTaskTests.test_step_result_future: a task waits for the future that its coroutine waits for', async () => {
        const future = loop.createFuture<object>();
        const result = {};
        const task = start(function* () {
          note(yield* future);
        });
        await runBriefly(loop);
        future.setResult(result);
        await runBriefly(loop);
        expect(log).to.deep.equal([result]);
        expect(task.done()).to.equal(true);
        expect(task.result()).to.equal(undefined); // eslint-disable-line @typescript-eslint/no-confusing-void-expression -- that is the case
      });

      it('BaseTaskTests.test_exception_traceback: the exception of a task has the stack of where it was thrown', async () => {
        function divideByZero(): never {
          throw new RangeError('division by zero');
        }
        const task = start(function* () {
          divideByZero();
        });
        await run(function* () {
          yield* sleep(0);
        });
        expect(task.exception()?.stack).to.match(/at divideByZero /);
      });

      it('BaseTaskTests.test_other_loop_future: waiting for a future of another loop throws, and names both', async () => {
        const foreign = jumpingLoop().createFuture();
        const error = await rejection(
          run(function* () {
            yield* foreign;
          }),
        );
        expect(error).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_OTHER_LOOP');
        expect(error.message).to.match(/^Task .* got Future .* attached/);
      });

      it('BaseTaskTests.test_task_awaits_on_itself: waiting for itself throws', async () => {
        const task: Task<unknown> = start(function* () {
          yield* task;
        });
        expect((await rejection(loop.runUntilComplete(task))).message).to.match(
          /^Task cannot await on itself/,
        );
      });

      it('BaseTaskTests.test_task_set_methods: the result and the exception of a task are its own business', async () => {
        const task = start(function* () {
          return 'ko';
        });
        expect(() => task.setResult()).to.throw(InvalidStateError, 'not support setResult');
        expect(() => task.setException()).to.throw(InvalidStateError, 'not support setException');
        expect(await loop.runUntilComplete(task)).to.equal('ko');
      });

      it('SetMethodsTest.test_set_result_causes_invalid_state: a task that somebody settled behind its back reports its next step', async () => {
        const reports = reportsOf(loop);
        const task = start(function* () {
          yield* sleep(0.1);
          return 'mine';
        });
        Future.prototype.setResult.call(task, 'spam');
        expect(await loop.runUntilComplete(task)).to.equal('spam');
        await loop.runUntilComplete(() => sleep(1));
        expect(reports.map(({ exception }) => exception?.name)).to.deep.equal(['InvalidStateError']);
      });

      it('SetMethodsTest.test_set_exception_causes_invalid_state: the same with an exception', async () => {
        const reports = reportsOf(loop);
        const mine = new RangeError('mine');
        const task = start(function* () {
          yield* sleep(0.1);
          return 'mine';
        });
        Future.prototype.setException.call(task, mine);
        expect(await rejection(loop.runUntilComplete(task))).to.equal(mine);
        await loop.runUntilComplete(() => sleep(1));
        expect(reports.map(({ exception }) => exception?.name)).to.deep.equal(['InvalidStateError']);
      });

      it('BaseTaskTests.test_stop_while_run_in_complete: stop() ends a run that waits for a task, which can go on later', async () => {
        let x = 0;
        const task = start(function* () {
          while (x < 10) {
            yield* sleep(0.1);
            if (++x === 2) loop.stop();
          }
        });
        const error = await rejection(loop.runUntilComplete(task));
        expect(error).to.be.instanceOf(LoopStateError);
        expect(error.message).to.equal('Event loop stopped before Future completed.');
        expect([task.done(), x]).to.deep.equal([false, 2]);
        expect(loop.time()).to.be.closeTo(0.2, 1e-9);
        task.cancel();
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
      });

      it('CTask_Future_Tests.test_foobar: a future of a subclass can be waited for', async () => {
        class Fut extends Future<number> {}
        const future = new Fut(loop);
        loop.callLater(0.1, () => future.setResult(1));
        const result = await run(function* () {
          yield* future;
          return 'spam';
        });
        expect(result).to.equal('spam');
      });

      it('BaseTaskTests.test_subclasses_ctask_cfuture: subclasses of task and future work together', async () => {
        class MyTask<T> extends Task<T> {}
        class MyFuture<T> extends Future<T> {}
        const future = new MyFuture<string>(loop);
        const task = new MyTask(
          coroutine(function* () {
            loop.callSoon(() => future.setResult('spam'));
            return yield* future;
          }),
          loop,
        );
        expect(await loop.runUntilComplete(task)).to.equal('spam');
      });
    });

    describe('ensureFuture()', () => {
      const notMuch = coroutine(function* () {
        return 'ok';
      });

      it('BaseTaskTests.test_ensure_future_coroutine: makes a task of the loop it is given, or of the one that runs', async () => {
        const given = ensureFuture(notMuch, { loop });
        expect(given.getLoop()).to.equal(loop);
        expect(await loop.runUntilComplete(given)).to.equal('ok');

        expect(() => ensureFuture(notMuch)).to.throw(LoopStateError); // neither runs one, nor was one set

        const [made] = await run(function* () {
          return [ensureFuture(notMuch)];
        });
        expect(made.getLoop()).to.equal(loop);
        expect(await loop.runUntilComplete(made)).to.equal('ok'); // the array has one

        setEventLoop(loop);
        const current = ensureFuture(notMuch);
        expect(current.getLoop()).to.equal(loop);
        expect(await loop.runUntilComplete(current)).to.equal('ok');
      });

      it('BaseTaskTests.test_ensure_future_future: gives a future as it is, and refuses one of another loop', () => {
        const future = loop.createFuture<string>();
        future.setResult('ko');
        expect(ensureFuture(future)).to.equal(future);
        expect(ensureFuture(future, { loop })).to.equal(future);
        expect(() => ensureFuture(future, { loop: jumpingLoop() })).to.throw(LoopStateError);
      });

      it('BaseTaskTests.test_ensure_future_task: a task is a future', async () => {
        const task = loop.createTask(notMuch);
        expect(ensureFuture(task)).to.equal(task);
        expect(ensureFuture(task, { loop })).to.equal(task);
        expect(() => ensureFuture(task, { loop: jumpingLoop() })).to.throw(LoopStateError);
        await loop.runUntilComplete(task);
      });

      it('BaseTaskTests.test_ensure_future_awaitable: makes a task of anything that can be awaited', async () => {
        const awaitable: PromiseLike<string> = {
          then: (onFulfilled, onRejected) => Promise.resolve('ok').then(onFulfilled, onRejected),
        };
        expect(await loop.runUntilComplete(ensureFuture(awaitable, { loop }))).to.equal('ok');
      });

      it('BaseTaskTests.test_ensure_future_task_awaitable: that may well be a sleep of the loop', async () => {
        const [task] = await run(function* () {
          return [ensureFuture(sleep(0, 'ok'), { loop })];
        });
        expect(task).to.be.instanceOf(Task);
        expect(await loop.runUntilComplete(task)).to.equal('ok'); // the array has one
      });

      it('BaseTaskTests.test_ensure_future_neither: refuses anything else', () => {
        expect(() => ensureFuture('ok' as never, { loop })).to.throw(TypeError);
      });

      it('BaseTaskTests.test_ensure_future_error_msg: says which loop was the wrong one', () => {
        expect(() => ensureFuture(loop.createFuture(), { loop: jumpingLoop() })).to.throw(
          LoopStateError,
          'The future belongs to a different loop than the one specified as the loop argument',
        );
      });
    });

    describe('cancel()', () => {
      it('BaseTaskTests.test_cancel: a sleeping task is cancelled without waiting for the sleep', async () => {
        const task = start(function* () {
          yield* sleep(10);
          return 12;
        });
        loop.callSoon(() => task.cancel());
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
        expect([task.done(), task.cancelled(), task.cancel(), loop.time()]).to.deep.equal([
          true,
          true,
          false,
          0,
        ]);
      });

      it('BaseTaskTests.test_task_cancel_message_getter: a task cancelled before it begins ends with the message', async () => {
        const task = start(doNothing);
        task.cancel('my message');
        expect((await rejection(loop.runUntilComplete(task))).message).to.equal('my message');
      });

      for (const message of [undefined, 'my message']) {
        it(`BaseTaskTests.test_cancel_with_message_then_future_result: result() throws the message, ${String(message)}`, async () => {
          const task = start(function* () {
            yield* sleep(10);
          });
          await runBriefly(loop);
          task.cancel(message);
          await runBriefly(loop);
          expect(() => task.result())
            .to.throw(CancelledError)
            .with.property('message', message ?? '');
          expect(await rejection(loop.runUntilComplete(task))).to.have.property('message', message ?? '');
        });

        it(`BaseTaskTests.test_cancel_with_message_then_future_exception: so does exception(), ${String(message)}`, async () => {
          const task = start(function* () {
            yield* sleep(10);
          });
          await runBriefly(loop);
          task.cancel(message);
          await runBriefly(loop);
          expect(() => task.exception())
            .to.throw(CancelledError)
            .with.property('message', message ?? '');
        });
      }

      it('BaseTaskTests.test_cancellation_exception_context: the error that a task makes of it can name it as its cause', async () => {
        const begun = loop.createFuture<void>();
        const error = await rejection(
          run(function* () {
            const inner = start(function* () {
              begun.setResult();
              yield* sleep(10);
            });
            yield* begun;
            loop.callSoon(() => inner.cancel('msg'));
            try {
              yield* inner;
            } catch (cause) {
              throw new RangeError('cancelled', { cause });
            }
          }),
        );
        expect(error).to.be.instanceOf(RangeError);
        expect(error.cause).to.be.instanceOf(CancelledError).with.property('message', 'msg');
      });

      it('BaseTaskTests.test_cancel_with_message_before_starting_task: the coroutine never runs', async () => {
        const error = await rejection(
          run(function* () {
            const task = start(function* () {
              note('ran');
              yield* sleep(10);
            });
            task.cancel('my message');
            yield* task;
          }),
        );
        expect(error).to.be.instanceOf(CancelledError).with.property('message', 'my message');
        expect(log).to.deep.equal([]);
      });

      it('BaseTaskTests.test_cancel_yield: a task in sleep(0) is cancelled there', async () => {
        const task = start(function* () {
          yield* sleep(0);
          yield* sleep(0);
          return 12;
        });
        await runBriefly(loop); // it is in the second one
        task.cancel();
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
        expect([task.done(), task.cancelled(), task.cancel()]).to.deep.equal([true, true, false]);
      });

      it('BaseTaskTests.test_cancel_inner_future: cancelling what a task waits for cancels the task', async () => {
        const future = loop.createFuture();
        const task = start(function* () {
          yield* future;
          return 12;
        });
        await runBriefly(loop);
        future.cancel();
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
        expect([future.cancelled(), task.cancelled()]).to.deep.equal([true, true]);
      });

      it('BaseTaskTests.test_cancel_both_task_and_inner_future: cancelling both is the same', async () => {
        const future = loop.createFuture();
        const task = start(function* () {
          yield* future;
          return 12;
        });
        await runBriefly(loop);
        future.cancel();
        task.cancel();
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
        expect([task.done(), future.cancelled(), task.cancelled()]).to.deep.equal([true, true, true]);
      });

      it('BaseTaskTests.test_cancel_task_catching: a task that catches it finishes', async () => {
        const [first, second] = [loop.createFuture<void>(), loop.createFuture()];
        const task = start(function* () {
          yield* first;
          try {
            yield* second;
          } catch (thrown) {
            expect(thrown).to.be.instanceOf(CancelledError);
            return 42;
          }
          return 0;
        });
        await runBriefly(loop);
        first.setResult();
        await runBriefly(loop);
        task.cancel();
        expect(second.cancelled()).to.equal(true);
        expect(await loop.runUntilComplete(task)).to.equal(42);
        expect(task.cancelled()).to.equal(false);
      });

      it('BaseTaskTests.test_cancel_task_ignoring: and may go on to wait for something else', async () => {
        const [first, second, third] = [
          loop.createFuture<void>(),
          loop.createFuture(),
          loop.createFuture<number>(),
        ];
        const task = start(function* () {
          yield* first;
          try {
            yield* second;
          } catch (thrown) {
            expect(thrown).to.be.instanceOf(CancelledError);
          }
          return yield* third;
        });
        await runBriefly(loop);
        first.setResult();
        await runBriefly(loop);
        task.cancel();
        expect(second.cancelled()).to.equal(true);
        await runBriefly(loop);
        third.setResult(42);
        expect(await loop.runUntilComplete(task)).to.equal(42);
        expect([third.cancelled(), task.cancelled()]).to.deep.equal([false, false]);
      });

      it('BaseTaskTests.test_cancel_current_task: a task that cancels itself is told where it waits next', async () => {
        const task: Task<number> = start(function* () {
          task.cancel();
          yield* sleep(100);
          return 12;
        });
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
        expect([task.done(), task.cancelled(), task.cancel(), loop.time()]).to.deep.equal([
          true,
          true,
          false,
          0,
        ]);
      });

      it('BaseTaskTests.test_cancel_at_end: one that waits for nothing more ends cancelled', async () => {
        const task: Task<number> = start(function* () {
          task.cancel();
          return 12;
        });
        expect(task.cancelled()).to.equal(false);
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
        expect([task.done(), task.cancelled(), task.cancel()]).to.deep.equal([true, true, false]);
      });

      it('BaseTaskTests.test_cancel_awaited_task: a task that cancels itself cancels the task it waits for next', async () => {
        const future = loop.createFuture();
        let nested: Task<void> | null = null;
        const task: Task<void> = start(function* () {
          nested = start(function* () {
            yield* future;
          });
          yield* sleep(0);
          task.cancel();
          yield* nested;
        });
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
        expect([task, nested!, future].map((each) => each.cancelled())).to.deep.equal([true, true, true]); // set by now
      });

      it('BaseTaskTests.test_yield_future_passes_cancel: it goes in through all coroutines and comes out through them', async () => {
        const waiter = loop.createFuture();
        function* inner(): Generator<unknown, void> {
          try {
            yield* waiter;
            note('got past the wait');
          } catch (thrown) {
            note('inner');
            throw thrown;
          }
        }
        const outer = start(function* () {
          try {
            yield* inner();
            note('inner finished');
          } catch {
            note('outer');
          }
        });
        await runBriefly(loop);
        outer.cancel();
        await loop.runUntilComplete(outer);
        expect([log, waiter.cancelled()]).to.deep.equal([['inner', 'outer'], true]);
      });

      it('BaseTaskTests.test_task_cancel_sleeping_task: who waits for the task gets the CancelledError', async () => {
        const result = await run(function* () {
          const sleeper = start(function* () {
            yield* sleep(5000);
          });
          loop.callLater(0.1, () => sleeper.cancel());
          try {
            yield* sleeper;
          } catch (thrown) {
            return thrown instanceof CancelledError ? 'cancelled' : 'failed';
          }
          return 'slept in';
        });
        expect([result, loop.time()]).to.deep.equal(['cancelled', 0.1]);
      });

      it('BaseTaskTests.test_task_cancel_waiter_future: it cancels the future that the task waits for', async () => {
        const future = loop.createFuture();
        const task = start(function* () {
          yield* future;
        });
        await runBriefly(loop);
        task.cancel();
        await runBriefly(loop);
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
        expect(future.cancelled()).to.equal(true);
      });

      it('BaseTaskTests.test_baseexception_during_cancel: SystemExit instead of it ends the loop', async () => {
        const exit = new SystemExit(1);
        const task = start(function* () {
          try {
            yield* sleep(10);
          } catch {
            throw exit;
          }
        });
        await runBriefly(loop);
        task.cancel();
        expect(task.done()).to.equal(false);
        expect(await rejection(runBriefly(loop))).to.equal(exit);
        expect([task.done(), task.cancelled(), task.exception()]).to.deep.equal([true, false, exit]);
      });

      it('BaseTaskTests.test_cancelling: counts the requests', async () => {
        const task = start(function* () {
          yield* sleep(10);
        });
        expect(task.cancelling()).to.equal(0);
        expect(inspect(task)).to.not.include('cancelling');
        expect([task.cancel(), task.cancelling()]).to.deep.equal([true, 1]);
        expect(inspect(task)).to.include('cancelling ');
        expect([task.cancel(), task.cancelling()]).to.deep.equal([true, 2]);
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
      });

      it('BaseTaskTests.test_uncancel_basic: takes a request back, but not the end of the task', async () => {
        const task = start(function* () {
          try {
            yield* sleep(10);
          } catch {
            currentTask()?.uncancel();
            yield* sleep(10);
          }
        });
        await loop.runUntilComplete(() => sleep(0.01));
        expect([task.cancel(), task.cancelling(), task.cancelled()]).to.deep.equal([true, 1, false]);
        await loop.runUntilComplete(() => sleep(0.01));
        expect(inspect(task)).to.not.include('cancelling');
        expect([task.cancelling(), task.cancelled()]).to.deep.equal([0, false]);
        expect([task.cancel(), task.cancelling(), task.cancelled()]).to.deep.equal([true, 1, false]);
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
        task.uncancel();
        expect([task.cancelled(), task.done()]).to.deep.equal([true, true]);
      });

      it('BaseTaskTests.test_uncancel_structured_blocks: a block with a time limit of its own ends, and the code behind it goes on', async () => {
        function* withTimeLimit(seconds: number, limit: number): Generator<unknown, boolean[]> {
          const task = currentTask()!; // runs in one
          let timedOut = false;
          let finished = false;
          const alarm = loop.callLater(limit, () => {
            timedOut = true;
            task.cancel();
          });
          try {
            yield* sleep(seconds);
            finished = true;
          } catch (thrown) {
            // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the alarm sets it
            if (!timedOut || !(thrown instanceof CancelledError) || task.uncancel() > 0) throw thrown;
          } finally {
            alarm.cancel();
          }
          yield* sleep(0);
          return [timedOut, finished];
        }
        const late = start(() => withTimeLimit(10, 0.1));
        expect(await loop.runUntilComplete(late)).to.deep.equal([true, false]);
        expect(late.cancelling()).to.equal(0);
        const inTime = start(() => withTimeLimit(0, 10));
        expect(await loop.runUntilComplete(inTime)).to.deep.equal([false, true]);
        expect(inTime.cancelling()).to.equal(0);
      });

      it('BaseTaskTests.test_uncancel_resets_must_cancel: a request that was not delivered yet is taken back', async () => {
        const future = loop.createFuture<void>();
        const task = start(function* () {
          yield* future;
          return 42;
        });
        await loop.runUntilComplete(() => sleep(0));
        future.setResult();
        task.cancel();
        expect(task.cancelling()).to.equal(1);
        task.uncancel();
        expect(task.cancelling()).to.equal(0);
        expect(await loop.runUntilComplete(task)).to.equal(42);
      });
    });

    describe('currentTask() and allTasks()', () => {
      it('BaseTaskTests.test_current_task: is the task whose code runs, and none outside', async () => {
        expect(currentTask(loop)).to.equal(null);
        const task: Task<void> = start(function* () {
          expect(currentTask()).to.equal(task);
          expect(currentTask(loop)).to.equal(task);
          yield* sleep(0);
          expect(currentTask()).to.equal(task);
        });
        await loop.runUntilComplete(task);
        expect(currentTask(loop)).to.equal(null);
      });

      it('BaseTaskTests.test_current_task_with_interleaving_tasks: each sees itself', async () => {
        const [first, second] = [loop.createFuture<void>(), loop.createFuture<void>()];
        const one: Task<void> = start(function* () {
          expect(currentTask()).to.equal(one);
          yield* first;
          expect(currentTask()).to.equal(one);
          second.setResult();
        });
        const two: Task<void> = start(function* () {
          expect(currentTask()).to.equal(two);
          first.setResult();
          yield* second;
          expect(currentTask()).to.equal(two);
        });
        await run(function* () {
          yield* one;
          yield* two;
        });
        expect(currentTask(loop)).to.equal(null);
      });

      it('BaseCurrentLoopTests.test_current_task_no_running_loop: a loop that does not run has none', () => {
        expect(currentTask(loop)).to.equal(null);
      });

      it('BaseCurrentLoopTests.test_current_task_no_running_loop_implicit: without a running loop there is none either', () => {
        expect(currentTask()).to.equal(null);
      });

      it('BaseCurrentLoopTests.test_current_task_with_implicit_loop: the running loop need not be named', async () => {
        const task: Task<void> = start(function* () {
          expect([currentTask(loop), currentTask()]).to.deep.equal([task, task]);
        });
        await loop.runUntilComplete(task);
        expect(currentTask(loop)).to.equal(null);
      });

      it('BaseTaskIntrospectionTests.test__register_task_1: a task is among the tasks of its loop until it is done', async () => {
        expect(allTasks(loop).size).to.equal(0);
        const task = start(function* () {
          yield* sleep(1);
        });
        expect([...allTasks(loop)]).to.deep.equal([task]);
        await loop.runUntilComplete(task);
        expect(allTasks(loop).size).to.equal(0);
      });
    });

    describe('sleep()', () => {
      it('BaseTaskTests.test_sleep: waits its time and gives its result', async () => {
        const task = start(function* () {
          yield* sleep(0.05);
          return yield* sleep(0.05, 'yeah');
        });
        expect(await loop.runUntilComplete(task)).to.equal('yeah');
        expect(loop.time()).to.be.closeTo(0.1, 1e-9);
      });

      it('BaseTaskTests.test_sleep_when_delay_is_nan: NaN is no time', async () => {
        const task = start(function* () {
          yield* sleep(NaN);
        });
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(TypeError);
      });

      it('BaseTaskTests.test_sleep_cancel: a cancelled sleep leaves no timer behind', async () => {
        const polling = PollingLoop.create();
        const task = polling.createTask(coroutine(() => sleepTen()));
        function* sleepTen(): Generator<unknown, string> {
          return yield* sleep(10, 'yeah');
        }
        await runBriefly(polling);
        task.cancel();
        await runBriefly(polling);
        expect(task.cancelled()).to.equal(true);
        polling.callLater(100, polling.stop);
        await polling.runForever();
        expect(polling.sleeps).to.deep.equal([1100]);
      });

      it('SleepTests.test_sleep_zero: sleep(0) lets what is ready run, and gives its result', async () => {
        let result = 0;
        const increment = (number: number): void => void (result += number);
        await run(function* () {
          loop.callSoon(increment, 1);
          expect(result).to.equal(0);
          const number = yield* sleep(0, 10);
          expect(result).to.equal(1);
          increment(number);
        });
        expect(result).to.equal(11);
      });
    });

    describe('showing and reporting', () => {
      beforeEach(() => {
        loop.setDebug(false);
      });

      const shown = (task: Task<unknown>): string => inspect(task).replace(/coro=<.*?\)>/, 'coro=…');

      it('BaseTaskTests.test_task_repr: shows state, name and coroutine, and then the result', async () => {
        const abc = coroutine(function* () {
          return 'abc';
        });
        const task = loop.createTask(abc, { name: 'TestTask' });
        expect(shown(task)).to.equal("<Task pending name='TestTask' coro=…>");
        task.cancel();
        expect(shown(task)).to.equal("<Task cancelling name='TestTask' coro=…>");
        await rejection(loop.runUntilComplete(task));
        expect(shown(task)).to.equal("<Task cancelled name='TestTask' coro=…>");
        const finished = loop.createTask(abc, { name: 'TestTask' });
        await loop.runUntilComplete(finished);
        expect(shown(finished)).to.equal("<Task finished name='TestTask' coro=… result='abc'>");
      });

      it('BaseTaskTests.test_task_repr_autogenerated: names that are not given are numbered upwards', () => {
        const numbers = [1, 2].map(() => {
          const task = start(doNothing);
          expect(task.getName()).to.match(/^Task-\d+$/);
          expect(inspect(task)).to.include(`pending name='${task.getName()}'`);
          return Number(task.getName().slice('Task-'.length));
        });
        expect(numbers[0]).to.be.below(numbers[1]!); // there are two
      });

      it('BaseTaskTests.test_task_repr_wait_for: shows what the task waits for', async () => {
        const future = loop.createFuture();
        const task = start(function* () {
          yield* future;
        });
        await runBriefly(loop);
        expect(inspect(task)).to.include(`waitFor=${inspect(future)}`);
        future.setResult(null);
        await loop.runUntilComplete(task);
        expect(inspect(task)).to.not.include('waitFor');
      });

      it('BaseTaskTests.test_task_source_traceback: in debug mode it tells where the task was created', async () => {
        loop.setDebug(true);
        function createsTheTask(): Task<void> {
          return loop.createTask(coroutine(doNothing));
        }
        const task = createsTheTask();
        expect(task.sourceTraceback).to.match(/^\s+at createsTheTask \(.*conformance.tasks\.test\.(ts|js):/);
        await loop.runUntilComplete(task);
      });

      it('BaseTaskTests.test_log_destroyed_pending_task: a task that never ended is reported when the loop is closed', async () => {
        loop.setDebug(true);
        const reports = reportsOf(loop);
        const task = start(function* () {
          yield* loop.createFuture();
        });
        expect([...allTasks(loop)]).to.deep.equal([task]);
        await runBriefly(loop);
        loop.close();
        const { sourceTraceback } = task;
        expect(sourceTraceback).to.be.a('string');
        expect(reports).to.deep.equal([
          { message: 'Task was destroyed but it is pending!', task, sourceTraceback } as ExceptionContext,
        ]);
      });

      it('BaseTaskTests.test_tb_logger_not_called_after_cancel: who cancels a failed task knows that it is over', async function () {
        this.slow(1000);
        const reports = reportsOf(loop);
        await run(function* () {
          const failing = start(function* () {
            throw new TypeError('boom');
          });
          yield* sleep(0.05);
          failing.cancel();
        });
        await collectGarbage(() => false, 3);
        loop.close(); // which reports what was not collected
        expect(reports).to.deep.equal([]);
      });

      it('BaseTaskTests.test_error_in_call_soon: a task that cannot be scheduled is not among the tasks', () => {
        loop.close();
        const begun: Coroutine<void> = coroutine(function* () {
          note('begun');
        });
        expect(() => loop.createTask(begun)).to.throw(LoopStateError);
        expect(() => new Task(begun, loop)).to.throw(LoopStateError);
        expect([allTasks(loop).size, log]).to.deep.equal([0, []]);
      });
    });
  });
}

describe('conformance/tasks', () => {
  it('BaseTaskTests.test_iscoroutinefunction: async and generator functions and generators are coroutines', () => {
    function ordinary(): void {
      // nothing
    }
    function* generator(): Generator<unknown, void> {
      yield;
    }
    async function asynchronous(): Promise<void> {
      await Promise.resolve();
    }
    expect([ordinary, sinon.stub(), 5].map((value) => isCoroutine(value))).to.deep.equal([
      false,
      false,
      false,
    ]);
    expect([generator, generator(), asynchronous].map((value) => isCoroutine(value))).to.deep.equal([
      true,
      true,
      true,
    ]);
  });

  it('BaseTaskTests.test_coroutine_non_gen_function_return_future: a generator that returns a future gives the future, an async function what comes of it', async () => {
    for (const [coroutine, expected] of [
      ['generator', 'the future'],
      ['async function', 'test'],
    ] as const) {
      const loop = jumpingLoop();
      const future = loop.createFuture<string>();
      const first =
        coroutine === 'generator'
          ? loop.createTask<unknown>(function* () {
              return future;
            })
          : loop.createTask<unknown>(async () => future); // a promise never holds a thenable
      const second = loop.createTask(function* () {
        future.setResult('test');
      });
      await loop.runUntilComplete(() => sleep(1)); // to wait for the first would follow what it gives
      expect(second.done()).to.equal(true);
      expect(first.result() === future ? 'the future' : first.result()).to.equal(expected);
    }
  });

  it('GenericTaskTests.test_future_subclass: a task is a future', () => {
    const loop = jumpingLoop();
    expect(loop.createTask(doNothing)).to.be.instanceOf(Future);
  });
});
