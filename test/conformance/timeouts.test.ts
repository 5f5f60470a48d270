/* eslint-disable require-yield -- a coroutine need not wait for anything */
import { inspect } from 'node:util';
import {
  type BaseEventLoop,
  CancelledError,
  type CoroutineGenerator,
  currentTask,
  InvalidStateError,
  sleep,
  TaskGroup,
  Timeout,
  timeout,
  timeoutAt,
  TimeoutError,
  VirtualHost,
} from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { jumpingLoop } from '../core/virtual-loop.js';
import { BOTH_KINDS, groupOf, nothing } from './blocks.js';

// Cases of CPython's test_timeouts.py (PSF License Version 2). The facts are theirs, the text is ours.
// JavaScript has no __context__: what these cases say of it, they say of `cause` here.

for (const { kind, coroutine, block } of BOTH_KINDS) {
  describe(`conformance/timeouts, ${kind}`, () => {
    let host: VirtualHost;
    let loop: BaseEventLoop;

    beforeEach(() => {
      host = new VirtualHost({ autojump: true });
      loop = jumpingLoop({ host });
    });

    const main = <T>(steps: () => CoroutineGenerator<T>): Promise<T> =>
      loop.runUntilComplete(coroutine(steps));

    /** The error that comes out of `steps`. */
    function* errorOf(steps: () => CoroutineGenerator<unknown>): CoroutineGenerator<Error> {
      try {
        yield* steps();
      } catch (thrown) {
        return thrown as Error; // which cases look at
      }
      throw new Error('Nothing was thrown');
    }

    /** The error that comes out of `run(body)`. */
    const errorOfBlock = (
      limit: Timeout,
      body: () => CoroutineGenerator<unknown>,
    ): CoroutineGenerator<Error> =>
      errorOf(function* () {
        yield* limit.run(block(body));
      });

    function* sleepFor(delay: number): CoroutineGenerator<void> {
      yield* sleep(delay);
    }

    it('TimeoutTests.test_timeout_basic: a block that takes too long throws TimeoutError', () =>
      main(function* () {
        const limit = timeout(0.01);
        const error = yield* errorOfBlock(limit, () => sleepFor(10));
        expect(error).to.be.instanceOf(TimeoutError);
        expect([limit.expired(), loop.time()]).to.deep.equal([true, 0.01]);
      }));

    it('TimeoutTests.test_timeout_at_basic: timeoutAt() takes a time of the loop', () =>
      main(function* () {
        const deadline = loop.time() + 0.01;
        const limit = timeoutAt(deadline);
        const error = yield* errorOfBlock(limit, () => sleepFor(10));
        expect(error).to.be.instanceOf(TimeoutError);
        expect([limit.expired(), limit.when()]).to.deep.equal([true, deadline]);
      }));

    it('TimeoutTests.test_nested_timeouts: only the outermost of those that expired throws TimeoutError', () =>
      main(function* () {
        const deadline = loop.time() + 0.01;
        const outer = timeoutAt(deadline);
        const inner = timeoutAt(deadline);
        let between: unknown = null;
        const error = yield* errorOfBlock(outer, function* () {
          between = yield* errorOfBlock(inner, () => sleepFor(10));
          throw between;
        });
        expect(between).to.be.instanceOf(CancelledError);
        expect(error).to.be.instanceOf(TimeoutError);
        expect([outer.expired(), inner.expired()]).to.deep.equal([true, true]);
      }));

    it('TimeoutTests.test_waiter_cancelled: in the block it is a CancelledError', () =>
      main(function* () {
        let inside: unknown = null;
        const error = yield* errorOfBlock(timeout(0.01), function* () {
          inside = yield* errorOf(() => sleepFor(10));
          throw inside;
        });
        expect([inside, error].map((each) => (each as Error).name)).to.deep.equal([
          'CancelledError',
          'TimeoutError',
        ]);
      }));

    it('TimeoutTests.test_timeout_not_called: a block that is quick is left alone', () =>
      main(function* () {
        const limit = timeout(10);
        yield* limit.run(block(() => sleepFor(0.01)));
        expect([limit.expired(), limit.when()]).to.deep.equal([false, 10]);
      }));

    it('TimeoutTests.test_timeout_disabled: null is no limit', () =>
      main(function* () {
        const limit = timeout(null);
        yield* limit.run(block(() => sleepFor(0.01)));
        expect([limit.expired(), limit.when()]).to.deep.equal([false, null]);
      }));

    it('TimeoutTests.test_timeout_at_disabled: nor is it for timeoutAt()', () =>
      main(function* () {
        const limit = timeoutAt(null);
        yield* limit.run(block(() => sleepFor(0.01)));
        expect([limit.expired(), limit.when()]).to.deep.equal([false, null]);
      }));

    it('TimeoutTests.test_timeout_zero: 0 expires at the first wait', () =>
      main(function* () {
        const limit = timeout(0);
        expect(yield* errorOfBlock(limit, () => sleepFor(10))).to.be.instanceOf(TimeoutError);
        expect([limit.expired(), limit.when(), loop.time()]).to.deep.equal([true, 0, 0]);
      }));

    it('TimeoutTests.test_timeout_zero_sleep_zero: even if that is but one iteration', () =>
      main(function* () {
        const limit = timeout(0);
        expect(yield* errorOfBlock(limit, () => sleepFor(0))).to.be.instanceOf(TimeoutError);
        expect([limit.expired(), limit.when(), loop.time()]).to.deep.equal([true, 0, 0]);
      }));

    it('TimeoutTests.test_timeout_in_the_past_sleep_zero: so does a deadline that is past', () =>
      main(function* () {
        const limit = timeout(-11);
        expect(yield* errorOfBlock(limit, () => sleepFor(0))).to.be.instanceOf(TimeoutError);
        expect([limit.expired(), limit.when()]).to.deep.equal([true, -11]);
      }));

    it('TimeoutTests.test_foreign_exception_passed: an error of the block comes through', () =>
      main(function* () {
        const limit = timeout(0.01);
        const mine = new RangeError('mine');
        const error = yield* errorOfBlock(limit, function* () {
          throw mine;
        });
        expect([error, limit.expired()]).to.deep.equal([mine, false]);
      }));

    it('TimeoutTests.test_timeout_exception_context: the cause of the TimeoutError is the CancelledError', () =>
      main(function* () {
        const error = yield* errorOfBlock(timeout(0.01), () => sleepFor(1));
        expect(error).to.be.instanceOf(TimeoutError);
        expect(error.cause).to.be.instanceOf(CancelledError);
      }));

    it('TimeoutTests.test_foreign_exception_on_timeout: an error caused by the cancellation is told of the timeout', () =>
      main(function* () {
        const error = yield* errorOfBlock(timeout(0.01), function* () {
          const cause = yield* errorOf(() => sleepFor(1));
          throw new RangeError('cleanup', { cause });
        });
        expect(error).to.be.instanceOf(RangeError);
        expect(error.cause).to.be.instanceOf(TimeoutError);
        expect((error.cause as Error).cause).to.be.instanceOf(CancelledError);
      }));

    it('TimeoutTests.test_foreign_exception_on_timeout_2: also where it is the cause of a cause', () =>
      main(function* () {
        const key = new Error('key');
        const error = yield* errorOfBlock(timeout(0.01), function* () {
          key.cause = yield* errorOf(() => sleepFor(1));
          throw new RangeError('cleanup', { cause: key });
        });
        expect(error.cause).to.equal(key);
        expect(key.cause).to.be.instanceOf(TimeoutError);
        expect((key.cause as Error).cause).to.be.instanceOf(CancelledError);
      }));

    it('TimeoutTests.test_foreign_cancel_doesnt_timeout_if_not_expired: a cancellation by others stays one', () =>
      main(function* () {
        const limit = timeout(10);
        const error = yield* errorOfBlock(limit, function* () {
          currentTask()?.cancel();
          yield* sleep(10);
        });
        expect(error).to.be.instanceOf(CancelledError);
        expect(limit.expired()).to.equal(false);
      }));

    it('TimeoutTests.test_outer_task_is_not_cancelled: the task goes on after the timeout', () =>
      main(function* () {
        const task = loop.createTask(
          coroutine(function* () {
            expect(yield* errorOfBlock(timeout(0.001), () => sleepFor(10))).to.be.instanceOf(TimeoutError);
          }),
        );
        yield* task;
        expect([task.cancelled(), task.done(), task.cancelling()]).to.deep.equal([false, true, 0]);
      }));

    it('TimeoutTests.test_nested_timeouts_concurrent: both expire while the loop is busy', () =>
      main(function* () {
        const error = yield* errorOfBlock(timeout(0.002), function* () {
          const inner = yield* errorOfBlock(timeout(0.1), function* () {
            host.advance(0.01); // seconds that the task takes without a wait
            yield* sleep(1);
          });
          throw inner;
        });
        expect(error).to.be.instanceOf(TimeoutError);
      }));

    it('TimeoutTests.test_nested_timeouts_loop_busy: what follows the inner one is stopped by the outer', () =>
      main(function* () {
        const error = yield* errorOfBlock(timeout(0.1), function* () {
          const inner = yield* errorOfBlock(timeout(0.01), function* () {
            host.advance(0.1); // then both deadlines have passed
            yield* sleep(1);
          });
          if (!(inner instanceof TimeoutError)) throw inner;
          yield* sleep(10);
        });
        expect(error).to.be.instanceOf(TimeoutError);
        expect(loop.time()).to.be.below(1);
      }));

    it('TimeoutTests.test_reschedule: the deadline can be moved, and removed', () =>
      main(function* () {
        const entered = loop.createFuture<null>();
        const limit = timeoutAt(10);
        const task = loop.createTask(
          coroutine(function* () {
            yield* limit.run(
              block(function* () {
                entered.setResult(null);
                yield* sleep(50);
              }),
            );
          }),
        );
        yield* entered;
        const deadlines = [limit.when()];
        limit.reschedule(30);
        deadlines.push(limit.when());
        limit.reschedule(null);
        deadlines.push(limit.when());
        task.cancel();
        const error = yield* errorOf(function* () {
          yield* task;
        });
        expect(error).to.be.instanceOf(CancelledError);
        expect([deadlines, limit.expired()]).to.deep.equal([[10, 30, null], false]);
      }));

    it('TimeoutTests.test_repr_active: inspect() shows the deadline', () =>
      main(function* () {
        host.advance(1.23456);
        const limit = timeout(10);
        yield* limit.run(
          block(function* () {
            expect(inspect(limit)).to.equal('<Timeout [active] when=11.235>');
          }),
        );
      }));

    it('TimeoutTests.test_repr_expired: inspect() shows that it has passed', () =>
      main(function* () {
        const limit = timeout(0.01);
        yield* errorOfBlock(limit, () => sleepFor(10));
        expect(inspect(limit)).to.equal('<Timeout [expired]>');
      }));

    it('TimeoutTests.test_repr_finished: inspect() shows that it has not', () =>
      main(function* () {
        const limit = timeout(10);
        yield* limit.run(block(() => sleepFor(0)));
        expect(inspect(limit)).to.equal('<Timeout [finished]>');
      }));

    it('TimeoutTests.test_repr_disabled: inspect() shows that there is none', () =>
      main(function* () {
        const limit = timeout(null);
        yield* limit.run(
          block(function* () {
            expect(inspect(limit)).to.equal('<Timeout [active] when=null>');
          }),
        );
      }));

    it('TimeoutTests.test_nested_timeout_in_finally: a cleanup can have a limit of its own', () =>
      main(function* () {
        let ofCleanup: unknown = null;
        const error = yield* errorOfBlock(timeout(0.01), function* () {
          try {
            yield* sleep(1);
          } finally {
            ofCleanup = yield* errorOfBlock(timeout(0.01), () => sleepFor(10));
          }
        });
        for (const each of [error, ofCleanup as Error]) {
          expect(each).to.be.instanceOf(TimeoutError);
          expect(each.cause).to.be.instanceOf(CancelledError);
        }
        expect((ofCleanup as Error).cause).not.to.equal(error.cause);
      }));

    it('TimeoutTests.test_timeout_after_cancellation: a limit works in a task that was cancelled', () =>
      main(function* () {
        currentTask()?.cancel();
        yield* errorOf(() => sleepFor(1));
        expect(yield* errorOfBlock(timeout(0), () => sleepFor(1))).to.be.instanceOf(TimeoutError);
        expect(currentTask()?.cancelling()).to.equal(1);
      }));

    it('TimeoutTests.test_cancel_in_timeout_after_cancellation: and so does another cancellation', () =>
      main(function* () {
        currentTask()?.cancel();
        yield* errorOf(() => sleepFor(1));
        const error = yield* errorOfBlock(timeout(1), function* () {
          currentTask()?.cancel();
          yield* sleep(2);
        });
        expect(error).to.be.instanceOf(CancelledError);
      }));

    it('TimeoutTests.test_timeout_already_entered: it cannot be entered in itself', () =>
      main(function* () {
        const limit = timeout(0.01);
        yield* limit.run(
          block(function* () {
            const error = yield* errorOfBlock(limit, () => sleepFor(0));
            expect(error).to.be.instanceOf(InvalidStateError);
            expect(error.message).to.equal('Timeout has already been entered');
          }),
        );
      }));

    it('TimeoutTests.test_timeout_double_enter: nor a second time', () =>
      main(function* () {
        const limit = timeout(0.01);
        yield* limit.run(block(nothing));
        const error = yield* errorOfBlock(limit, () => sleepFor(0));
        expect(error).to.be.instanceOf(InvalidStateError);
        expect(error.message).to.equal('Timeout has already been entered');
      }));

    it('TimeoutTests.test_timeout_finished: it cannot be moved when the block has ended', () =>
      main(function* () {
        const limit = timeout(0.01);
        yield* limit.run(block(nothing));
        expect(() => limit.reschedule(0.02)).to.throw(
          InvalidStateError,
          'Cannot change state of finished Timeout',
        );
      }));

    it('TimeoutTests.test_timeout_expired: nor when it has passed', () =>
      main(function* () {
        const limit = timeout(0.01);
        yield* errorOfBlock(limit, () => sleepFor(1));
        expect(() => limit.reschedule(0.02)).to.throw(
          InvalidStateError,
          'Cannot change state of expired Timeout',
        );
      }));

    it('TimeoutTests.test_timeout_expiring: nor while the block is on its way out; caught there, it is no error', () =>
      main(function* () {
        const limit = timeout(0.01);
        yield* limit.run(
          block(function* () {
            expect(yield* errorOf(() => sleepFor(1))).to.be.instanceOf(CancelledError);
            expect(() => limit.reschedule(0.02)).to.throw(
              InvalidStateError,
              'Cannot change state of expiring Timeout',
            );
          }),
        );
        expect(limit.expired()).to.equal(true);
      }));

    it('TimeoutTests.test_timeout_not_entered: nor before it is entered', () =>
      main(function* () {
        expect(() => timeout(0.01).reschedule(0.02)).to.throw(
          InvalidStateError,
          'Timeout has not been entered',
        );
      }));

    it('TimeoutTests.test_timeout_without_task: outside of a task it cannot be entered', async () => {
      const limit = timeoutAt(0.01);
      let running: PromiseLike<unknown> | null = null;
      loop.callSoon(() => {
        running = limit.run(block(() => sleepFor(1)));
        running.then(undefined, () => loop.stop());
      });
      await loop.runForever();
      const error = await rejection(running!); // which the callback set
      expect(error).to.be.instanceOf(InvalidStateError);
      expect(error.message).to.equal('Timeout should be used inside a task');
      expect(() => limit.reschedule(0.02)).to.throw(InvalidStateError, 'Timeout has not been entered');
    });

    it('TimeoutTests.test_timeout_taskgroup: an error group, too, is told of the timeout', () =>
      main(function* () {
        const error = yield* errorOfBlock(timeout(0.01), function* () {
          const group = new TaskGroup();
          yield* group.run(
            block(function* () {
              group.createTask(
                coroutine(function* () {
                  const cause = yield* errorOf(() => sleepFor(2));
                  throw new RangeError('crash in cleanup', { cause });
                }),
              );
              yield* sleep(1);
            }),
          );
        });
        const [inGroup] = groupOf(error).errors;
        expect(inGroup).to.be.instanceOf(RangeError);
        expect(inGroup?.cause).to.be.instanceOf(TimeoutError);
        expect((inGroup?.cause as Error).cause).to.be.instanceOf(CancelledError);
      }));
  });
}
