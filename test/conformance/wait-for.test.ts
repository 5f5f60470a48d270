/* eslint-disable require-yield -- a coroutine need not wait for anything */
import {
  type BaseEventLoop,
  CancelledError,
  type CoroutineGenerator,
  shield,
  sleep,
  TimeoutError,
  wait,
  waitFor,
} from '@ringloop/core';
import { expect } from 'chai';
import { jumpingLoop } from '../core/virtual-loop.js';
import { BOTH_KINDS } from './blocks.js';

// Cases of CPython's test_waitfor.py (PSF License Version 2). The facts are theirs, the text is ours.

const EPSILON = 0.0001; // seconds; more than nothing
const SLOW = 0.2; // seconds

for (const { kind, coroutine } of BOTH_KINDS) {
  describe(`conformance/wait-for, ${kind}`, () => {
    let loop: BaseEventLoop;

    beforeEach(() => {
      loop = jumpingLoop();
    });

    const main = <T>(steps: () => CoroutineGenerator<T>): Promise<T> =>
      loop.runUntilComplete(coroutine(steps));

    /** The error that waiting for `awaitable` throws. */
    function* errorOf(awaitable: Iterable<unknown, unknown, unknown>): CoroutineGenerator<Error> {
      try {
        yield* awaitable;
      } catch (thrown) {
        return thrown as Error; // which cases look at
      }
      throw new Error('Nothing was thrown');
    }

    /** A coroutine that takes SLOW seconds whatever happens, and then notes it. */
    function slow(log: string[]): () => CoroutineGenerator<void> {
      return function* () {
        const end = loop.time() + SLOW;
        while (loop.time() < end) {
          try {
            yield* sleep(end - loop.time());
          } catch {
            log.push('cancelled');
          }
        }
        log.push('exited');
      };
    }

    it('AsyncioWaitForTest.test_asyncio_wait_for_cancelled: a wait that is cancelled waits for the end', () =>
      main(function* () {
        const log: string[] = [];
        const waiting = loop.createTask(
          coroutine(function* () {
            yield* waitFor(coroutine(slow(log)), SLOW * 2);
          }),
        );
        yield* sleep(0);
        waiting.cancel();
        yield* wait([waiting]);
        expect(log).to.deep.equal(['cancelled', 'exited']);
      }));

    it('AsyncioWaitForTest.test_asyncio_wait_for_timeout: and so does one that times out', () =>
      main(function* () {
        const log: string[] = [];
        yield* waitFor(coroutine(slow(log)), SLOW / 2);
        expect(log).to.deep.equal(['cancelled', 'exited']);
      }));

    it('AsyncioWaitForTest.test_wait_for_timeout_less_then_0_or_0_future_done: a done future is in time', () =>
      main(function* () {
        const future = loop.createFuture<string>();
        future.setResult('done');
        expect(yield* waitFor(future, 0)).to.equal('done');
      }));

    it('AsyncioWaitForTest.test_wait_for_timeout_less_then_0_or_0_coroutine_do_not_started: it does not start', () =>
      main(function* () {
        let started = false;
        const late = waitFor(
          coroutine(function* () {
            started = true;
          }),
          0,
        );
        expect(yield* errorOf(late)).to.be.instanceOf(TimeoutError);
        expect(started).to.equal(false);
      }));

    it('AsyncioWaitForTest.test_wait_for_timeout_less_then_0_or_0: a task that runs is cancelled first', () =>
      main(function* () {
        for (const limit of [0, -1]) {
          const log: string[] = [];
          const started = loop.createFuture<null>();
          const task = loop.createTask(
            coroutine(function* () {
              started.setResult(null);
              try {
                yield* sleep(10);
              } finally {
                log.push('ended');
              }
            }),
          );
          yield* started;
          expect(yield* errorOf(waitFor(task, limit))).to.be.instanceOf(TimeoutError);
          expect([log, task.cancelled()]).to.deep.equal([['ended'], true]);
        }
      }));

    it('AsyncioWaitForTest.test_wait_for: after the timeout the task is cancelled, and has ended', () =>
      main(function* () {
        const log: string[] = [];
        const task = loop.createTask(
          coroutine(function* () {
            try {
              yield* sleep(1000);
            } finally {
              log.push('ended');
            }
          }),
        );
        expect(yield* errorOf(waitFor(task, 0.1))).to.be.instanceOf(TimeoutError);
        expect([log, task.cancelled(), loop.time()]).to.deep.equal([['ended'], true, 0.1]);
      }));

    it('AsyncioWaitForTest.test_wait_for_blocking: null is no limit', () =>
      main(function* () {
        const quick = coroutine(function* () {
          return 'done';
        });
        expect(yield* waitFor(quick, null)).to.equal('done');
      }));

    it('AsyncioWaitForTest.test_wait_for_race_condition: a result that comes in time is given', () =>
      main(function* () {
        const future = loop.createFuture<string>();
        loop.callSoon(() => future.setResult('ok'));
        expect(yield* waitFor(future, SLOW)).to.equal('ok');
      }));

    it('AsyncioWaitForTest.test_wait_for_cancellation_race_condition: so is one that comes in spite of it', () =>
      main(function* () {
        const stubborn = coroutine(function* () {
          expect(yield* errorOf(sleep(1))).to.be.instanceOf(CancelledError);
          return 1;
        });
        expect(yield* waitFor(stubborn, 0.01)).to.equal(1);
      }));

    /** A task that takes EPSILON seconds to be cancelled. */
    function* cleaningUp(log: string[]): CoroutineGenerator<void> {
      try {
        yield* sleep(10);
      } catch (cancellation) {
        yield* sleep(EPSILON);
        throw cancellation;
      } finally {
        log.push('task done');
      }
    }

    it('AsyncioWaitForTest.test_wait_for_waits_for_task_cancellation: the task may clean up', () =>
      main(function* () {
        const log: string[] = [];
        const task = loop.createTask(coroutine(() => cleaningUp(log)));
        const error = yield* errorOf(waitFor(task, EPSILON));
        expect(error).to.be.instanceOf(TimeoutError);
        expect(error.cause).to.be.instanceOf(CancelledError);
        expect(log).to.deep.equal(['task done']);
      }));

    it('AsyncioWaitForTest.test_wait_for_waits_for_task_cancellation_w_timeout_0: also with no time at all', () =>
      main(function* () {
        const log: string[] = [];
        const task = loop.createTask(coroutine(() => cleaningUp(log)));
        yield* sleep(EPSILON);
        const error = yield* errorOf(waitFor(task, 0));
        expect(error).to.be.instanceOf(TimeoutError);
        expect(error.cause).to.be.instanceOf(CancelledError);
        expect(log).to.deep.equal(['task done']);
      }));

    it('AsyncioWaitForTest.test_wait_for_reraises_exception_during_cancellation: its error goes first', () =>
      main(function* () {
        const mine = new RangeError('mine');
        const task = loop.createTask(
          coroutine(function* () {
            yield* errorOf(sleep(0.2));
            throw mine;
          }),
        );
        expect(yield* errorOf(waitFor(task, EPSILON))).to.equal(mine);
      }));

    for (const [name, limit] of [
      ['test_cancel_blocking_wait_for', null],
      ['test_cancel_wait_for', 60],
    ] as const) {
      it(`AsyncioWaitForTest.${name}: to cancel the wait cancels the task`, () =>
        main(function* () {
          const task = loop.createTask(
            coroutine(function* () {
              yield* loop.createFuture();
            }),
          );
          const waiting = loop.createTask(
            coroutine(function* () {
              yield* waitFor(task, limit);
            }),
          );
          loop.callSoon(() => waiting.cancel());
          expect(yield* errorOf(waiting)).to.be.instanceOf(CancelledError);
          expect(task.cancelled()).to.equal(true);
        }));
    }

    it('AsyncioWaitForTest.test_wait_for_cancel_suppressed: a value instead of a cancellation is given', () =>
      main(function* () {
        const stubborn = coroutine(function* () {
          yield* errorOf(sleep(10));
          return 42;
        });
        expect(yield* waitFor(stubborn, 0.1)).to.equal(42);
      }));

    it('AsyncioWaitForTest.test_wait_for_issue86296: a cancellation is not lost to a result of the same step', () =>
      main(function* () {
        const inner = loop.createTask(
          coroutine(function* () {
            return 'done';
          }),
        );
        let reachedEnd = false;
        const task = loop.createTask(
          coroutine(function* () {
            yield* waitFor(inner, 100);
            yield* sleep(1);
            reachedEnd = true;
          }),
        );
        yield* sleep(0);
        task.cancel();
        expect(yield* errorOf(task)).to.be.instanceOf(CancelledError);
        expect([inner.done(), yield* inner, reachedEnd]).to.deep.equal([true, 'done', false]);
      }));

    it('WaitForShieldTests.test_zero_timeout: a shielded task runs on', () =>
      main(function* () {
        const task = loop.createTask(
          coroutine(function* () {
            yield* sleep(0.01);
            return 'done';
          }),
        );
        const shielded = shield(task);
        expect(yield* errorOf(waitFor(shielded, 0))).to.be.instanceOf(TimeoutError);
        expect([task.done(), shielded.cancelled()]).to.deep.equal([false, true]);
        yield* sleep(0.1);
        expect(task.done()).to.equal(true);
      }));

    it('WaitForShieldTests.test_none_timeout: without a limit it is waited for', () =>
      main(function* () {
        const task = loop.createTask(
          coroutine(function* () {
            yield* sleep(0.1);
            return 'done';
          }),
        );
        yield* waitFor(shield(task), null);
        expect([task.done(), yield* task]).to.deep.equal([true, 'done']);
      }));

    it('WaitForShieldTests.test_shielded_timeout: the timeout does not cancel what is shielded', () =>
      main(function* () {
        const task = loop.createTask(
          coroutine(function* () {
            yield* sleep(0.1);
            return 'done';
          }),
        );
        expect(yield* errorOf(waitFor(shield(task), 0.01))).to.be.instanceOf(TimeoutError);
        expect([task.done(), task.cancelled(), yield* task]).to.deep.equal([false, false, 'done']);
      }));
  });
}
