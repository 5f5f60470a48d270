/* eslint-disable require-yield -- a coroutine need not wait for anything */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import {
  aclosing,
  BaseEventLoop,
  CancelledError,
  currentTask,
  type ExceptionContext,
  getEventLoop,
  getRunningLoop,
  InvalidStateError,
  KeyboardInterrupt,
  LoopStateError,
  run,
  Runner,
  setEventLoop,
  sleep,
  type Task,
} from '@ringloop/core';
import { expect } from 'chai';
import { EventLoop, run as runAnywhere, Runner as RunnerOfEverything } from 'ringloop';
import sinon from 'sinon';
import { rejection } from '../rejection.js';
import { jumpingLoop } from '../core/virtual-loop.js';
import { KINDS } from './coroutine-kinds.js';
import { doNothing } from './run-briefly.js';

// Cases of CPython's test_runners.py (PSF License Version 2). The facts are theirs, the text is ours.

for (const { kind, coroutine } of KINDS) {
  describe(`conformance/runners, ${kind}`, () => {
    const loopFactory = (): BaseEventLoop => jumpingLoop();

    describe('run()', () => {
      it('RunTests.test_asyncio_run_return: resolves with the result', async () => {
        const main = coroutine(function* () {
          yield* sleep(0);
          return 42;
        });
        expect(await run(main, { loopFactory })).to.equal(42);
      });

      it('RunTests.test_asyncio_run_raises: rejects with what main throws', async () => {
        const main = coroutine(function* () {
          yield* sleep(0);
          throw new RangeError('spam');
        });
        expect(await rejection(run(main, { loopFactory })))
          .to.be.instanceOf(RangeError)
          .with.property('message', 'spam');
      });

      it('RunTests.test_asyncio_run_only_coro: takes nothing but coroutines and promises', async () => {
        for (const value of [1, 'spam', null, {}]) {
          expect(await rejection(run(value as never, { loopFactory }))).to.be.instanceOf(TypeError);
        }
      });

      it('RunTests.test_asyncio_run_debug: sets debug mode where it is told to', async () => {
        const main = coroutine(function* () {
          return getEventLoop().getDebug();
        });
        for (const debug of [false, true]) {
          expect(await run(main, { debug, loopFactory })).to.equal(debug);
          expect(await run(main, { loopFactory: () => jumpingLoop({ debug }) })).to.equal(debug);
          expect(await run(main, { debug, loopFactory: () => jumpingLoop({ debug: !debug }) })).to.equal(
            debug,
          );
        }
      });

      it('RunTests.test_asyncio_run_from_running_loop: not in a running loop, and main does not begin', async () => {
        const begun = sinon.spy();
        const inner = coroutine(function* () {
          begun();
        });
        const main = coroutine(function* () {
          yield* getRunningLoop().createTask(() => run(inner, { loopFactory }));
        });
        const error = await rejection(run(main, { loopFactory }));
        expect(error).to.be.instanceOf(LoopStateError);
        expect(error.message).to.include('cannot be called from a running event loop');
        expect(begun.called).to.equal(false);
      });

      it('RunTests.test_asyncio_run_cancels_hanging_tasks: cancels what main leaves behind', async () => {
        const leftovers: Task<void>[] = [];
        const main = coroutine(function* () {
          leftovers.push(
            getRunningLoop().createTask(
              coroutine(function* () {
                yield* sleep(0.1);
              }),
            ),
          );
          return 123;
        });
        expect(await run(main, { loopFactory })).to.equal(123);
        expect(leftovers.map((task) => task.cancelled())).to.deep.equal([true]);
      });

      it('RunTests.test_asyncio_run_reports_hanging_tasks_errors: reports what those throw', async () => {
        const reports: ExceptionContext[] = [];
        const leftovers: Task<void>[] = [];
        const main = coroutine(function* () {
          const loop = getRunningLoop();
          loop.setExceptionHandler((_, context) => reports.push(context));
          leftovers.push(
            loop.createTask(
              coroutine(function* () {
                try {
                  yield* sleep(0.1);
                } catch (cause) {
                  throw new RangeError('division by zero', { cause });
                }
              }),
            ),
          );
          return 123;
        });
        expect(await run(main, { loopFactory })).to.equal(123);
        expect(reports).to.have.length(1);
        expect(reports[0]?.message).to.match(/run\(\) shutdown$/);
        expect(reports[0]?.exception).to.be.instanceOf(RangeError);
        expect([reports[0]?.task]).to.deep.equal(leftovers);
      });

      it('RunTests.test_asyncio_run_closes_gens_after_hanging_tasks_errors: closes asynchronous generators after that', async () => {
        const order: string[] = [];
        async function* fidget(): AsyncGenerator<number> {
          try {
            for (;;) {
              yield 1;
              await sleep(1);
            }
          } finally {
            order.push('generator closed');
          }
        }
        let spinner: AsyncGenerator<number> | null = null;
        const spin = async (): Promise<void> => {
          spinner = aclosing(fidget());
          await spinner.next();
          try {
            await sleep(1000);
          } catch (cause) {
            order.push('task failed');
            throw new RangeError('division by zero', { cause });
          }
        };
        const main = coroutine(function* () {
          const loop = getRunningLoop();
          loop.setExceptionHandler(() => undefined);
          loop.createTask(spin);
          yield* sleep(0);
          yield* sleep(0);
          throw new Error('fancy exit');
        });
        expect((await rejection(run(main, { loopFactory }))).message).to.equal('fancy exit');
        expect(order).to.deep.equal(['task failed', 'generator closed']);
        expect(await (spinner as AsyncGenerator<number> | null)?.next()).to.deep.equal({
          done: true,
          value: undefined,
        });
      });

      it('RunTests.test_asyncio_run_set_event_loop: the loop it makes is the current one, until it is closed', async () => {
        const main = coroutine(function* () {
          yield* sleep(0);
          return [getEventLoop()];
        });
        const [loop] = await runAnywhere(main);
        expect(loop).to.be.instanceOf(EventLoop);
        expect(() => getEventLoop()).to.throw(LoopStateError);
      });

      it('RunTests.test_asyncio_run_loop_factory: calls the factory once, with nothing, and runs what it makes', async () => {
        const loop = jumpingLoop();
        const factory = sinon.stub().returns(loop);
        const main = coroutine(function* () {
          expect(getRunningLoop()).to.equal(loop);
        });
        await run(main, { loopFactory: factory as () => BaseEventLoop });
        expect(factory.args).to.deep.equal([[]]);
        expect(loop.isClosed()).to.equal(true);
      });

      it('RunTests.test_loop_factory_default_event_loop: a loop with everything by default', async () => {
        const main = coroutine(function* () {
          return [getRunningLoop()];
        });
        const [loop] = await runAnywhere(main, { loopFactory: () => new EventLoop() });
        expect(loop).to.be.instanceOf(EventLoop);
      });
    });

    describe('Runner', () => {
      let runner: Runner;

      beforeEach(() => {
        runner = new Runner({ loopFactory });
      });

      afterEach(async () => {
        await runner.close();
        setEventLoop(null);
      });

      it('RunnerTests.test_non_debug: debug mode is off', () => {
        runner = new Runner({ loopFactory, debug: false });
        expect(runner.getLoop().getDebug()).to.equal(false);
      });

      it('RunnerTests.test_debug: or on', () => {
        runner = new Runner({ loopFactory, debug: true });
        expect(runner.getLoop().getDebug()).to.equal(true);
      });

      it('RunnerTests.test_custom_factory: the loop is the one that the factory made', () => {
        const loop = jumpingLoop();
        runner = new Runner({ loopFactory: () => loop });
        expect([runner.getLoop(), runner.getLoop()]).to.deep.equal([loop, loop]);
      });

      it('RunnerTests.test_run: gives the result, and is closed with its loop', async () => {
        const main = coroutine(function* () {
          yield* sleep(0);
          return 'done';
        });
        expect(await runner.run(main)).to.equal('done');
        const loop = runner.getLoop();
        await runner[Symbol.asyncDispose]();
        expect(() => runner.getLoop()).to.throw(InvalidStateError, 'Runner is closed');
        expect(loop.isClosed()).to.equal(true);
      });

      it('RunnerTests.test_run_non_coro: takes no number', async () => {
        expect(await rejection(runner.run(123 as never))).to.be.instanceOf(TypeError);
      });

      it('RunnerTests.test_run_future: takes anything that can be awaited, since CPython 3.14', async () => {
        const future = runner.getLoop().createFuture<string>();
        future.setResult('done');
        expect(await runner.run(future)).to.equal('done');
      });

      it('RunnerTests.test_explicit_close: close() closes the loop, and there is no other', async () => {
        const loop = runner.getLoop();
        await runner.close();
        expect(() => runner.getLoop()).to.throw(InvalidStateError, 'Runner is closed');
        expect(loop.isClosed()).to.equal(true);
      });

      it('RunnerTests.test_double_close: close() can be repeated', async () => {
        const loop = runner.getLoop();
        await runner.close();
        await runner.close();
        expect(loop.isClosed()).to.equal(true);
      });

      it('RunnerTests.test_second_with_block_raises: a closed runner runs nothing', async () => {
        const ran: number[] = [];
        const main = (argument: number): ReturnType<typeof coroutine<void>> =>
          coroutine(function* () {
            ran.push(argument);
          });
        await runner.run(main(1));
        await runner.close();
        expect(await rejection(runner.run(main(2))))
          .to.be.instanceOf(InvalidStateError)
          .with.property('message', 'Runner is closed');
        expect(ran).to.deep.equal([1]);
      });

      it('RunnerTests.test_run_keeps_context: a run begins in the context it is given, or that of the call', async () => {
        const storage = new AsyncLocalStorage<number>();
        const main = (value: number): ReturnType<typeof coroutine<number | undefined>> =>
          coroutine(function* () {
            const old = storage.getStore();
            yield* sleep(0);
            storage.enterWith(value);
            return old;
          });
        const context = storage.run(7, () => new AsyncResource('test'));
        expect(await runner.run(main(1), { context })).to.equal(7);
        expect(await storage.run(8, () => runner.run(main(2)))).to.equal(8);
        expect(await runner.run(main(3))).to.equal(undefined);
        storage.disable();
      });

      it('RunnerTests.test_recursive_run: not in a running loop, and the coroutine does not begin', async () => {
        const begun = sinon.spy();
        const inner = coroutine(function* () {
          begun();
        });
        const error = await rejection(
          runner.run(
            coroutine(function* () {
              yield* getRunningLoop().createTask(() => runner.run(inner));
            }),
          ),
        );
        expect(error).to.be.instanceOf(LoopStateError);
        expect(error.message).to.equal('Runner.run() cannot be called from a running event loop');
        expect(begun.called).to.equal(false);
      });

      it('RunnerTests.test_set_event_loop_called_once: two runs make their loop the current one once', async () => {
        const nothing = coroutine(doNothing);
        runner = new RunnerOfEverything();
        await runner.run(nothing);
        expect(getEventLoop()).to.equal(runner.getLoop());
        setEventLoop(null);
        await runner.run(nothing);
        expect(() => getEventLoop()).to.throw(LoopStateError);
      });

      it('RunnerTests.test_no_repr_is_call_on_the_task_result: nobody looks at the result', async () => {
        const look = sinon.spy(() => 'looked at');
        class MyResult {
          [inspect.custom] = look;
        }
        const result = await runner.run(
          coroutine(function* () {
            return new MyResult();
          }),
        );
        expect(result).to.be.instanceOf(MyResult);
        expect(look.called).to.equal(false);
      });
    });

    describe('Ctrl-C', () => {
      // mocha listens for SIGINT, and a runner leaves signals alone that somebody listens for.
      let listeners: NodeJS.SignalsListener[];
      let runner: Runner;
      const interruptSelf = (): void => void process.emit('SIGINT', 'SIGINT');

      beforeEach(() => {
        listeners = process.listeners('SIGINT'); // that is what they are
        process.removeAllListeners('SIGINT');
        runner = new Runner({ loopFactory: () => new BaseEventLoop() }); // with the clock of the machine
      });

      afterEach(async () => {
        expect(process.listenerCount('SIGINT')).to.equal(0);
        for (const listener of listeners) process.on('SIGINT', listener);
        await runner.close();
      });

      it('RunnerTests.test_interrupt_call_soon: cancels a task that never waits for a future', async () => {
        const seen: unknown[] = [];
        const main = coroutine(function* () {
          try {
            for (;;) yield* sleep(0);
          } catch (thrown) {
            seen.push(thrown);
            throw thrown;
          }
        });
        runner.getLoop().callLater(0.02, interruptSelf);
        expect(await rejection(runner.run(main))).to.be.instanceOf(KeyboardInterrupt);
        expect(seen).to.have.length(1);
        expect(seen[0]).to.be.instanceOf(CancelledError);
      });

      it('RunnerTests.test_interrupt_wait: cancels what the task waits for, and then the task', async () => {
        const future = runner.getLoop().createFuture();
        const main = coroutine(function* () {
          yield* future;
        });
        runner.getLoop().callLater(0.02, interruptSelf);
        expect(await rejection(runner.run(main))).to.be.instanceOf(KeyboardInterrupt);
        expect(future.cancelled()).to.equal(true);
      });

      it('RunnerTests.test_interrupt_cancelled_task: a task that was to be cancelled anyway ends cancelled', async () => {
        const main = coroutine(function* () {
          const task = currentTask();
          getRunningLoop().createTask(
            coroutine(function* () {
              yield* sleep(0);
              task?.cancel();
              interruptSelf();
            }),
          );
          yield* sleep(10);
        });
        expect(await rejection(runner.run(main))).to.be.instanceOf(CancelledError);
      });
    });
  });
}
