/* eslint-disable require-yield -- a coroutine need not wait for anything */
import { inspect } from 'node:util';
import {
  Barrier,
  type BaseEventLoop,
  BoundedSemaphore,
  BrokenBarrierError,
  CancelledError,
  Condition,
  type CoroutineGenerator,
  Event,
  type Future,
  InvalidStateError,
  Lock,
  LoopStateError,
  type ScopeBody,
  Semaphore,
  sleep,
  type Task,
  TimeoutError,
  waitFor,
} from '@ringloop/core';
import { expect } from 'chai';
import { jumpingLoop } from '../core/virtual-loop.js';
import { KINDS } from './coroutine-kinds.js';

// Cases of CPython's test_locks.py, those of 3.13 included (PSF License Version 2). The facts are theirs, the text is ours.
// What they see in private fields, these see in what inspect() shows.

for (const { kind, coroutine } of KINDS) {
  describe(`conformance/locks, ${kind}`, () => {
    let loop: BaseEventLoop;
    let result: unknown[];
    /** For what is seen within an iteration: async functions that it wakes go on when it is over. */
    const itInSteps = (title: string, test: () => Promise<unknown>): void => {
      if (kind === 'generator coroutines') it(title, test);
    };

    const start = <T>(body: () => CoroutineGenerator<T>): Task<T> => loop.createTask(coroutine(body));
    const startAll = <T>(count: number, body: () => CoroutineGenerator<T>): Task<T>[] =>
      Array.from({ length: count }, () => start(body));
    const run = <T>(body: () => CoroutineGenerator<T>): Promise<T> => loop.runUntilComplete(coroutine(body));
    /** `body` as what is given to `run()` of a lock. */
    const scoped = <S, R>(body: (scope: S) => CoroutineGenerator<R>): ScopeBody<S, R> =>
      kind === 'generator coroutines'
        ? body
        : (scope) => (coroutine(() => body(scope)) as () => Promise<R>)();

    /** How `awaited` ends. */
    function* outcome(awaited: Future<unknown>): CoroutineGenerator<unknown> {
      try {
        return yield* awaited;
      } catch (thrown) {
        return thrown;
      }
    }

    function* outcomes(all: readonly Future<unknown>[]): CoroutineGenerator<unknown[]> {
      const ends: unknown[] = [];
      for (const each of all) ends.push(yield* outcome(each));
      return ends;
    }

    /** A coroutine that acquires and notes `what`. */
    const acquiring = (of: Lock | Semaphore, what: unknown) =>
      function* (): CoroutineGenerator<boolean> {
        const acquired = yield* of.acquire();
        result.push(what);
        return acquired;
      };

    beforeEach(() => {
      loop = jumpingLoop();
      result = [];
    });

    afterEach(() => {
      loop.setExceptionHandler(() => undefined); // what closing reports is another case's business
      loop.close();
    });

    describe('Lock', () => {
      let lock: Lock;
      const acquire = (): Task<boolean> =>
        start(function* () {
          return yield* lock.acquire();
        });

      beforeEach(() => {
        lock = new Lock();
      });

      it('LockTests.test_repr: shows whether it is locked', () =>
        run(function* () {
          expect(inspect(lock)).to.equal('<Lock [unlocked]>');
          yield* lock.acquire();
          expect(inspect(lock)).to.equal('<Lock [locked]>');
        }));

      it('LockTests.test_lock: is itself nothing to wait for', () => {
        expect('then' in lock || Symbol.iterator in lock).to.equal(false);
        expect(lock.locked()).to.equal(false);
      });

      it('LockTests.test_lock_doesnt_accept_loop_parameter: what takes a number takes no loop', () => {
        for (const OneOf of [Semaphore, BoundedSemaphore, Barrier, Condition]) {
          expect(() => new OneOf({ loop } as never)).to.throw(TypeError);
        }
      });

      it('LockTests.test_lock_by_with_statement: `using` releases it, what acquires it is awaited before', () =>
        run(function* () {
          for (const each of [new Lock(), new Condition(), new Semaphore(), new BoundedSemaphore()]) {
            yield* each.acquire();
            {
              using held = each;
              expect(held.locked()).to.equal(true);
            }
            expect(each.locked()).to.equal(false);
          }
        }));

      it('LockTests.test_acquire: lets one at a time through, in the order of asking', () =>
        run(function* () {
          expect(yield* lock.acquire()).to.equal(true);
          const tasks = [start(acquiring(lock, 1)), start(acquiring(lock, 2))];
          yield* sleep(0);
          expect(result).to.deep.equal([]);
          lock.release();
          yield* sleep(0);
          expect(result).to.deep.equal([1]);
          yield* sleep(0);
          expect(result).to.deep.equal([1]);
          tasks.push(start(acquiring(lock, 3)));
          lock.release();
          yield* sleep(0);
          expect(result).to.deep.equal([1, 2]);
          lock.release();
          yield* sleep(0);
          expect(result).to.deep.equal([1, 2, 3]);
          expect(yield* outcomes(tasks)).to.deep.equal([true, true, true]);
        }));

      it('LockTests.test_acquire_cancel: a cancelled waiter leaves nothing behind', () =>
        run(function* () {
          yield* lock.acquire();
          const task = acquire();
          loop.callSoon(() => task.cancel());
          expect(yield* outcome(task)).to.be.instanceOf(CancelledError);
          expect(inspect(lock)).to.equal('<Lock [locked]>');
        }));

      it('LockTests.test_cancel_race: release() passes a waiter by that was cancelled but has not left', () =>
        run(function* () {
          const lockIt = (blocker: Future<null> | null) =>
            function* (): CoroutineGenerator<void> {
              yield* lock.acquire();
              try {
                if (blocker !== null) yield* blocker;
              } finally {
                lock.release();
              }
            };
          const blocker = loop.createFuture<null>();
          const a = start(lockIt(blocker));
          yield* sleep(0);
          expect(lock.locked()).to.equal(true);
          const b = start(lockIt(null));
          yield* sleep(0);
          expect(inspect(lock)).to.equal('<Lock [locked, waiters:1]>');
          const c = start(lockIt(null));
          yield* sleep(0);
          expect(inspect(lock)).to.equal('<Lock [locked, waiters:2]>');

          blocker.setResult(null);
          b.cancel();
          yield* sleep(0);
          expect(lock.locked()).to.equal(false);
          yield* c;
          expect([a.done(), b.cancelled()]).to.deep.equal([true, true]);
        }));

      it('LockTests.test_cancel_release_race: a cancellation and a release together let one through, not two', () =>
        run(function* () {
          let asked = 0;
          const lockIt = function* (): CoroutineGenerator<void> {
            asked++;
            yield* lock.acquire();
            result.push('got it');
          };
          yield* lock.acquire();
          const [t1, t2, t3] = [start(lockIt), start(lockIt), start(lockIt)];
          yield* sleep(0);
          loop.callSoon(() => {
            t1.cancel();
            lock.release();
          });
          expect(yield* outcome(t1)).to.be.instanceOf(CancelledError);
          yield* sleep(0);
          expect([asked, result, t1.cancelled(), t2.done()]).to.deep.equal([3, ['got it'], true, true]);
          t3.cancel();
          yield* outcome(t3);
          expect(t3.cancelled()).to.equal(true);
        }));

      it('LockTests.test_finished_waiter_cancelled: a waiter that is cancelled once woken wakes the next', () =>
        run(function* () {
          yield* lock.acquire();
          const b = acquire();
          yield* sleep(0);
          expect(inspect(lock)).to.equal('<Lock [locked, waiters:1]>');
          const c = acquire();
          b.cancel();
          lock.release();
          yield* sleep(0);
          expect(lock.locked()).to.equal(true);
          yield* outcome(b);
          expect(b.cancelled()).to.equal(true);
          yield* c;
        }));

      it('LockTests.test_release_not_acquired: cannot be released when nobody has it', () => {
        expect(() => lock.release()).to.throw(InvalidStateError, 'Lock is not acquired.');
      });

      it('LockTests.test_release_no_waiters: is free when it was released and nobody waits', () =>
        run(function* () {
          yield* lock.acquire();
          expect(lock.locked()).to.equal(true);
          lock.release();
          expect(lock.locked()).to.equal(false);
        }));

      it('LockTests.test_context_manager: run() has it while the body runs', () =>
        run(function* () {
          const during = yield* lock.run(
            scoped(function* () {
              return lock.locked();
            }),
          );
          expect([during, lock.locked()]).to.deep.equal([true, false]);
        }));
    });

    describe('Event', () => {
      let event: Event;
      const waiting = (what: unknown) =>
        function* (): CoroutineGenerator<boolean> {
          const isSet = yield* event.wait();
          result.push(what);
          return isSet;
        };

      beforeEach(() => {
        event = new Event();
      });

      it('EventTests.test_repr: shows whether it is set, and how many wait', () =>
        run(function* () {
          expect(inspect(event)).to.equal('<Event [unset]>');
          start(waiting(1));
          yield* sleep(0);
          expect(inspect(event)).to.equal('<Event [unset, waiters:1]>');
          event.set();
          expect(inspect(event)).to.equal('<Event [set, waiters:1]>');
          yield* sleep(0);
          expect(inspect(event)).to.equal('<Event [set]>');
        }));

      it('EventTests.test_wait: all go on once it is set; who comes then does not wait', () =>
        run(function* () {
          expect(event.isSet()).to.equal(false);
          const tasks = [start(waiting(1)), start(waiting(2))];
          yield* sleep(0);
          expect(result).to.deep.equal([]);
          tasks.push(start(waiting(3)));
          event.set();
          yield* sleep(0);
          expect(yield* outcomes(tasks)).to.deep.equal([true, true, true]);
          // An async function that waits goes on after the iteration, one that does not in it, as in CPython.
          expect(result).to.deep.equal([3, 1, 2]);
        }));

      it('EventTests.test_wait_on_set: wait() gives true at once when it is set', () =>
        run(function* () {
          event.set();
          expect(yield* event.wait()).to.equal(true);
        }));

      it('EventTests.test_wait_cancel: a cancelled waiter leaves nothing behind', () =>
        run(function* () {
          const task = start(waiting(1));
          loop.callSoon(() => task.cancel());
          expect(yield* outcome(task)).to.be.instanceOf(CancelledError);
          expect(inspect(event)).to.equal('<Event [unset]>');
        }));

      it('EventTests.test_clear: is not set when it was cleared', () => {
        expect(event.isSet()).to.equal(false);
        event.set();
        expect(event.isSet()).to.equal(true);
        event.clear();
        expect(event.isSet()).to.equal(false);
      });

      it('EventTests.test_clear_with_waiters: who waited when it was set goes on though it was cleared', () =>
        run(function* () {
          const task = start(waiting(1));
          yield* sleep(0);
          expect(result).to.deep.equal([]);
          event.set();
          event.clear();
          expect(event.isSet()).to.equal(false);
          event.set();
          event.set();
          expect(inspect(event)).to.equal('<Event [set, waiters:1]>');
          yield* sleep(0);
          expect(yield* task).to.equal(true);
          expect(result).to.deep.equal([1]);
          expect(inspect(event)).to.equal('<Event [set]>');
        }));
    });

    describe('Condition', () => {
      let condition: Condition;
      const waiting = (what: unknown, { releases }: { releases: boolean }) =>
        function* (): CoroutineGenerator<boolean> {
          yield* condition.acquire();
          const notified = yield* condition.wait();
          result.push(what);
          if (releases) condition.release();
          return notified;
        };

      beforeEach(() => {
        condition = new Condition();
      });

      it('ConditionTests.test_wait: goes on when it was notified and has the lock again', () =>
        run(function* () {
          const tasks = [1, 2, 3].map((what) => start(waiting(what, { releases: false })));
          yield* sleep(0);
          expect([result, condition.locked()]).to.deep.equal([[], false]);
          expect(yield* condition.acquire()).to.equal(true);
          condition.notify();
          yield* sleep(0);
          expect([result, condition.locked()]).to.deep.equal([[], true]);
          condition.release();
          yield* sleep(0);
          expect([result, condition.locked()]).to.deep.equal([[1], true]);
          condition.notify(2);
          yield* sleep(0);
          expect([result, condition.locked()]).to.deep.equal([[1], true]);
          condition.release();
          yield* sleep(0);
          expect([result, condition.locked()]).to.deep.equal([[1, 2], true]);
          condition.release();
          yield* sleep(0);
          expect([result, condition.locked()]).to.deep.equal([[1, 2, 3], true]);
          expect(yield* outcomes(tasks)).to.deep.equal([true, true, true]);
        }));

      it('ConditionTests.test_wait_cancel: who is cancelled has the lock again', () =>
        run(function* () {
          yield* condition.acquire();
          const task = start(function* () {
            return yield* condition.wait();
          });
          loop.callSoon(() => task.cancel());
          expect(yield* outcome(task)).to.be.instanceOf(CancelledError);
          expect(inspect(condition)).to.equal('<Condition [locked]>');
        }));

      it('ConditionTests.test_wait_cancel_contested: who is cancelled while others have the lock has it again, too', () =>
        run(function* () {
          yield* condition.acquire();
          const task = start(function* () {
            return yield* condition.wait();
          });
          yield* sleep(0);
          expect(condition.locked()).to.equal(false);
          yield* condition.acquire();
          condition.notify();
          loop.callSoon(() => task.cancel());
          loop.callSoon(() => condition.release());
          yield* outcome(task);
          expect(condition.locked()).to.equal(true);
        }));

      it('ConditionTests.test_wait_cancel_after_notify: a cancellation while it takes the lock again is not lost', () =>
        run(function* () {
          const waiter = start(function* () {
            yield* condition.run(
              scoped(function* () {
                result.push('inside');
                yield* condition.wait();
              }),
            );
          });
          while (result.length === 0) yield* sleep(0);
          yield* condition.acquire();
          condition.notify();
          yield* sleep(0);
          waiter.cancel();
          yield* sleep(0);
          condition.release();
          expect(yield* outcome(waiter)).to.be.instanceOf(CancelledError);
          expect([waiter.cancelled(), condition.locked()]).to.deep.equal([true, false]);
        }));

      it('ConditionTests.test_wait_unacquired: cannot wait when nobody has the lock', () =>
        run(function* () {
          const task = start(function* () {
            yield* condition.wait();
          });
          const error = yield* outcome(task);
          expect(error)
            .to.be.instanceOf(InvalidStateError)
            .with.property('message', 'cannot wait on un-acquired lock');
        }));

      it('ConditionTests.test_wait_for: looks at the predicate again whenever it is notified', () =>
        run(function* () {
          let ready = false;
          const task = start(function* () {
            yield* condition.acquire();
            const found = yield* condition.waitFor(() => ready);
            if (found) result.push(1);
            condition.release();
            return true;
          });
          yield* sleep(0);
          expect(result).to.deep.equal([]);
          yield* condition.acquire();
          condition.notify();
          condition.release();
          yield* sleep(0);
          expect(result).to.deep.equal([]);
          ready = true;
          yield* condition.acquire();
          condition.notify();
          condition.release();
          yield* sleep(0);
          expect(yield* task).to.equal(true);
          expect(result).to.deep.equal([1]);
        }));

      it('ConditionTests.test_wait_for_unacquired: needs the lock only if it must wait', () =>
        run(function* () {
          const found = yield* condition.waitFor(() => [1, 2, 3]);
          expect(found).to.deep.equal([1, 2, 3]);
          const task = start(function* () {
            yield* condition.waitFor(() => false);
          });
          expect(yield* outcome(task)).to.be.instanceOf(InvalidStateError);
        }));

      it('ConditionTests.test_notify: wakes as many as it is told, at most all', () =>
        run(function* () {
          const tasks = [1, 2, 3].map((what) => start(waiting(what, { releases: true })));
          yield* sleep(0);
          expect(result).to.deep.equal([]);
          yield* condition.acquire();
          condition.notify(1);
          condition.release();
          yield* sleep(0);
          yield* outcome(tasks[0]!);
          expect(result).to.deep.equal([1]);
          yield* condition.acquire();
          condition.notify(1);
          condition.notify(2048);
          condition.release();
          expect(yield* outcomes(tasks)).to.deep.equal([true, true, true]);
          expect(result).to.deep.equal([1, 2, 3]);
        }));

      it('ConditionTests.test_notify_all: wakes all', () =>
        run(function* () {
          const tasks = [1, 2].map((what) => start(waiting(what, { releases: true })));
          yield* sleep(0);
          expect(result).to.deep.equal([]);
          yield* condition.acquire();
          condition.notifyAll();
          condition.release();
          expect(yield* outcomes(tasks)).to.deep.equal([true, true]);
          expect(result).to.deep.equal([1, 2]);
        }));

      it('ConditionTests.test_notify_unacquired, test_notify_all_unacquired: cannot notify when nobody has the lock', () => {
        const message = 'cannot notify on un-acquired lock';
        expect(() => condition.notify()).to.throw(InvalidStateError, message);
        expect(() => condition.notifyAll()).to.throw(InvalidStateError, message);
      });

      it('ConditionTests.test_repr: shows the lock, and how many wait', () =>
        run(function* () {
          expect(inspect(condition)).to.equal('<Condition [unlocked]>');
          yield* condition.acquire();
          expect(inspect(condition)).to.equal('<Condition [locked]>');
          condition.release();
          [1, 2].map((what) => start(waiting(what, { releases: true })));
          yield* sleep(0);
          expect(inspect(condition)).to.equal('<Condition [unlocked, waiters:2]>');
        }));

      it('ConditionTests.test_context_manager: run() has the lock while the body runs', () =>
        run(function* () {
          const during = yield* condition.run(
            scoped(function* () {
              return condition.locked();
            }),
          );
          expect([during, condition.locked()]).to.deep.equal([true, false]);
        }));

      it('ConditionTests.test_explicit_lock: shares the lock that it was given', () =>
        run(function* () {
          const lock = new Lock();
          condition = new Condition(lock);
          for (const each of [condition, lock]) {
            const during = yield* each.run(
              scoped(function* () {
                return [lock.locked(), condition.locked()];
              }),
            );
            expect([...during, lock.locked(), condition.locked()]).to.deep.equal([true, true, false, false]);
          }
        }));

      it('ConditionTests.test_ambiguous_loops: lock and condition each know the loop they belong to', async () => {
        const elsewhere = jumpingLoop();
        const lock = new Lock();
        condition = new Condition(lock);
        const blocked = elsewhere.createTask(function* () {
          yield* lock.acquire();
          const other = elsewhere.createTask(acquiring(lock, 1)); // the lock must be waited for in that loop …
          yield* sleep(0);
          other.cancel();
          yield* sleep(0);
          lock.release();
          yield* lock.acquire();
          const inside = elsewhere.createTask(function* () {
            yield* condition.wait(); // … and so must the condition
          });
          yield* sleep(0);
          inside.cancel();
          yield* sleep(0);
          yield* sleep(0);
        });
        await elsewhere.runUntilComplete(blocked);
        expect(lock.locked()).to.equal(true);
        await run(function* () {
          for (const wait of [() => condition.acquire(), () => condition.wait()]) {
            const task = start(function* () {
              yield* wait();
            });
            const error = yield* outcome(task);
            expect(error).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_OTHER_LOOP');
            expect(error)
              .property('message')
              .to.match(/^<(Lock|Condition) \[locked\]> is bound to a different event loop$/);
          }
        });
        elsewhere.close();
      });

      it('ConditionTests.test_timeout_in_block: wait() can be given up after a time', () =>
        run(function* () {
          yield* condition.acquire();
          const task = start(function* () {
            yield* waitFor(condition.wait(), 0.5);
          });
          expect(yield* outcome(task)).to.be.instanceOf(TimeoutError);
          expect([loop.time(), condition.locked()]).to.deep.equal([0.5, true]);
        }));

      const CANCELLED_AT = {
        'ConditionTests.test_cancelled_error_wakeup: waitFor() throws a cancellation while it waits as it was asked for': false,
        'ConditionTests.test_cancelled_error_re_aquire: waitFor() throws one while it takes the lock likewise': true,
      };
      for (const [title, notified] of Object.entries(CANCELLED_AT)) {
        it(title, () =>
          run(function* () {
            const task = start(function* () {
              yield* condition.acquire();
              try {
                yield* condition.waitFor(() => false);
              } catch (thrown) {
                result.push(thrown);
                throw thrown;
              } finally {
                condition.release();
              }
            });
            yield* sleep(0);
            if (notified) {
              yield* condition.acquire();
              condition.notify();
              yield* sleep(0);
            }
            task.cancel('foo');
            if (notified) condition.release();
            expect(yield* outcome(task))
              .to.be.instanceOf(CancelledError)
              .with.property('message', 'foo');
            expect(result[0]).to.be.instanceOf(CancelledError).with.property('message', 'foo');
          }),
        );
      }

      const CANCELLED_WHEN = {
        'ConditionTests.test_cancelled_wakeup: who is cancelled as it is woken passes the notification on': false,
        'ConditionTests.test_cancelled_wakeup_relock: who is cancelled as it takes the lock again passes it on, too': true,
      };
      for (const [title, woken] of Object.entries(CANCELLED_WHEN)) {
        it(title, () =>
          run(function* () {
            let state = 0;
            const consumers = startAll(2, function* () {
              yield* condition.acquire();
              try {
                for (;;) {
                  yield* condition.waitFor(() => state !== 0);
                  if (state < 0) return;
                  state--;
                }
              } finally {
                condition.release();
              }
            });
            yield* sleep(0);
            yield* condition.acquire();
            state++;
            condition.notify(1);
            if (woken) yield* sleep(0);
            consumers[0]!.cancel();
            condition.release();
            yield* sleep(0.01);
            expect(state).to.equal(0);
            yield* condition.acquire();
            state = -1;
            condition.notifyAll();
            condition.release();
            const ends = yield* outcomes(consumers);
            expect(ends[0]).to.be.instanceOf(CancelledError);
            expect(ends[1]).to.equal(undefined);
          }),
        );
      }
    });

    describe('Semaphore', () => {
      const acquire = (semaphore: Semaphore): Task<boolean> =>
        start(function* () {
          return yield* semaphore.acquire();
        });

      it('SemaphoreTests.test_initial_value_zero: lets nobody through to begin with if it is told so', () => {
        expect(new Semaphore(0).locked()).to.equal(true);
      });

      it('SemaphoreTests.test_repr: shows how many it would let through, and how many wait', () =>
        run(function* () {
          const semaphore = new Semaphore();
          expect(inspect(semaphore)).to.equal('<Semaphore [unlocked, value:1]>');
          yield* semaphore.acquire();
          expect(inspect(semaphore)).to.equal('<Semaphore [locked]>');
          acquire(semaphore);
          yield* sleep(0);
          expect(inspect(semaphore)).to.equal('<Semaphore [locked, waiters:1]>');
          acquire(semaphore);
          yield* sleep(0);
          expect(inspect(semaphore)).to.equal('<Semaphore [locked, waiters:2]>');
        }));

      it('SemaphoreTests.test_semaphore: is itself nothing to wait for', () => {
        const semaphore = new Semaphore();
        expect('then' in semaphore || Symbol.iterator in semaphore).to.equal(false);
        expect(inspect(semaphore)).to.equal('<Semaphore [unlocked, value:1]>');
      });

      it('SemaphoreTests.test_semaphore_value: cannot begin below zero', () => {
        expect(() => new Semaphore(-1)).to.throw(RangeError, 'Semaphore initial value must be >= 0');
      });

      it('SemaphoreTests.test_acquire: lets as many through as it has, and one more for each release', () =>
        run(function* () {
          const semaphore = new Semaphore(3);
          expect([yield* semaphore.acquire(), yield* semaphore.acquire()]).to.deep.equal([true, true]);
          expect(semaphore.locked()).to.equal(false);
          const t1 = start(acquiring(semaphore, 1));
          const rest = [start(acquiring(semaphore, 2)), start(acquiring(semaphore, 3))];
          yield* sleep(0);
          expect([yield* t1, result]).to.deep.equal([true, [1]]);
          expect(inspect(semaphore)).to.equal('<Semaphore [locked, waiters:2]>');
          rest.push(start(acquiring(semaphore, 4)));
          semaphore.release();
          semaphore.release();
          expect(semaphore.locked()).to.equal(true);
          yield* sleep(0);
          yield* sleep(0);
          expect(result).to.have.length(3);
          expect(inspect(semaphore)).to.equal('<Semaphore [locked, waiters:1]>');
          expect(rest.filter((task) => task.done())).to.have.length(2);
          semaphore.release();
          yield* outcomes(rest);
        }));

      it('SemaphoreTests.test_acquire_cancel: a cancelled waiter leaves nothing behind', () =>
        run(function* () {
          const semaphore = new Semaphore();
          yield* semaphore.acquire();
          const task = acquire(semaphore);
          loop.callSoon(() => task.cancel());
          expect(yield* outcome(task)).to.be.instanceOf(CancelledError);
          expect(inspect(semaphore)).to.equal('<Semaphore [locked]>');
        }));

      it('SemaphoreTests.test_acquire_cancel_before_awoken: release() passes by who was cancelled', () =>
        run(function* () {
          const semaphore = new Semaphore(0);
          const [t1, t2, t3, t4] = [1, 2, 3, 4].map(() => acquire(semaphore));
          yield* sleep(0);
          t1!.cancel();
          t2!.cancel();
          semaphore.release();
          yield* sleep(0);
          yield* sleep(0);
          expect([t3!.done(), t4!.done()]).to.deep.equal([true, false]);
          t4!.cancel();
          yield* sleep(0);
        }));

      it('SemaphoreTests.test_acquire_hang: who waits behind one who was cancelled does not wait for ever', () =>
        run(function* () {
          const semaphore = new Semaphore(0);
          const [t1, t2] = [acquire(semaphore), acquire(semaphore)];
          yield* sleep(0);
          t1.cancel();
          semaphore.release();
          yield* sleep(0);
          yield* sleep(0);
          expect([semaphore.locked(), t2.done()]).to.deep.equal([true, true]);
        }));

      it('SemaphoreTests.test_acquire_no_hang: what one who is cancelled once woken was given, the next gets', () =>
        run(function* () {
          const semaphore = new Semaphore(1);
          const first = start(function* () {
            yield* semaphore.acquire();
            yield* sleep(0);
            semaphore.release();
            second.cancel();
          });
          const second = start(acquiring(semaphore, 'second'));
          const ends = yield* outcomes([first, second]);
          expect(ends[0]).to.equal(undefined);
          expect(ends[1]).to.be.instanceOf(CancelledError);
          expect(result).to.deep.equal([]);
          expect(yield* semaphore.acquire()).to.equal(true);
        }));

      it('SemaphoreTests.test_release_not_acquired: a bounded one is not released more often than acquired', () => {
        const bounded = new BoundedSemaphore();
        expect(() => bounded.release()).to.throw(RangeError, 'BoundedSemaphore released too many times');
      });

      it('SemaphoreTests.test_release_no_waiters: is free when it was released and nobody waits', () =>
        run(function* () {
          const semaphore = new Semaphore();
          yield* semaphore.acquire();
          expect(semaphore.locked()).to.equal(true);
          semaphore.release();
          expect(semaphore.locked()).to.equal(false);
        }));

      it('SemaphoreTests.test_acquire_fifo_order: who asks again goes behind those who wait', () =>
        run(function* () {
          const semaphore = new Semaphore(1);
          const tasks = ['c1', 'c2', 'c3'].map((tag) =>
            start(function* () {
              for (const time of [1, 2]) {
                yield* semaphore.acquire();
                result.push(`${tag}_${time}`);
                yield* sleep(0.01);
                semaphore.release();
              }
            }),
          );
          yield* outcomes(tasks);
          expect(result).to.deep.equal(['c1_1', 'c2_1', 'c3_1', 'c1_2', 'c2_2', 'c3_2']);
        }));

      it('SemaphoreTests.test_acquire_fifo_order_2: also who releases and asks again at once', () =>
        run(function* () {
          const semaphore = new Semaphore(1);
          const tasks = [
            start(acquiring(semaphore, 1)),
            start(function* () {
              yield* semaphore.acquire();
              result.push(2);
              semaphore.release();
              yield* semaphore.acquire();
              result.push(4);
            }),
            start(acquiring(semaphore, 3)),
          ];
          yield* sleep(0);
          semaphore.release();
          semaphore.release();
          yield* outcomes(tasks);
          expect(result).to.deep.equal([1, 2, 3, 4]);
        }));

      it('SemaphoreTests.test_acquire_fifo_order_3: a cancelled one does not change the order', () =>
        run(function* () {
          const semaphore = new Semaphore(0);
          const tasks = [1, 2, 3].map((what) => start(acquiring(semaphore, what)));
          yield* sleep(0);
          tasks[0]!.cancel();
          yield* sleep(0);
          semaphore.release();
          semaphore.release();
          yield* outcomes(tasks);
          expect(result).to.deep.equal([2, 3]);
        }));

      itInSteps(
        'SemaphoreTests.test_acquire_fifo_order_4: who gets through wakes all others for whom there is room',
        () =>
          run(function* () {
            const semaphore = new Semaphore(0);
            const tasks = [
              start(function* () {
                yield* semaphore.acquire();
                expect(semaphore.locked()).to.equal(true);
                tasks.push(
                  start(function* () {
                    result.push(4);
                  }),
                );
                result.push(1);
              }),
              start(function* () {
                semaphore.release();
                semaphore.release();
                semaphore.release();
                expect(semaphore.locked()).to.equal(true); // the first has not gone on yet
                yield* semaphore.acquire();
                result.push(2);
              }),
              start(acquiring(semaphore, 3)),
            ];
            yield* sleep(0);
            expect(inspect(semaphore)).to.equal('<Semaphore [locked, waiters:3]>');
            yield* sleep(0);
            yield* outcomes(tasks);
            yield* outcomes(tasks.slice(3));
            expect(result).to.deep.equal([1, 2, 3, 4]);
          }),
      );
    });

    describe('Barrier', () => {
      const PARTIES = 5;
      let barrier: Barrier;
      const waiting = function* (): CoroutineGenerator<number> {
        return yield* barrier.wait();
      };
      /** Starts as many as there are parties, and waits for them. */
      function* gather<T>(body: () => CoroutineGenerator<T>, count = PARTIES): CoroutineGenerator<T[]> {
        const results: T[] = [];
        for (const task of startAll(count, body)) results.push(yield* task);
        return results;
      }
      /** Waits, and does `whenBroken` if it breaks. Returns whether it did not. */
      function* tryWait(whenBroken: () => unknown): CoroutineGenerator<boolean> {
        try {
          yield* barrier.wait();
          return true;
        } catch (thrown) {
          if (!(thrown instanceof BrokenBarrierError)) throw thrown;
          whenBroken();
          return false;
        }
      }
      const state = (): unknown[] => [barrier.nWaiting, barrier.broken];
      const IDLE = [0, false];

      beforeEach(() => {
        barrier = new Barrier(PARTIES);
      });

      it('BarrierTests.test_barrier: is itself nothing to wait for', () => {
        expect('then' in barrier || Symbol.iterator in barrier).to.equal(false);
        expect(inspect(barrier)).to.equal('<Barrier [filling, waiters:0/5]>');
      });

      itInSteps('BarrierTests.test_repr: shows what it is doing', () =>
        run(function* () {
          expect(inspect(barrier)).to.equal('<Barrier [filling, waiters:0/5]>');
          const tasks = startAll(2, waiting);
          yield* sleep(0);
          expect(inspect(barrier)).to.equal('<Barrier [filling, waiters:2/5]>');
          tasks.push(...startAll(barrier.parties - barrier.nWaiting, waiting));
          yield* sleep(0);
          expect(inspect(barrier)).to.equal('<Barrier [draining, waiters:0/5]>');
          tasks.push(...startAll(2, waiting));
          yield* sleep(0);
          yield* barrier.reset();
          expect(inspect(barrier)).to.equal('<Barrier [resetting, waiters:0/5]>');
          tasks.push(...startAll(2, waiting));
          yield* sleep(0);
          yield* barrier.abort();
          expect(inspect(barrier)).to.equal('<Barrier [broken]>');
          expect(barrier.broken).to.equal(true);
          yield* outcomes(tasks);
        }),
      );

      it('BarrierTests.test_barrier_parties: has at least one party', () => {
        for (const parties of [0, -4]) {
          expect(() => new Barrier(parties)).to.throw(RangeError, 'parties must be > 0');
        }
        expect(barrier.parties).to.equal(PARTIES);
      });

      it('BarrierTests.test_context_manager: run() runs the body when all are there, with its place', () =>
        run(function* () {
          barrier = new Barrier(3);
          const body = scoped(function* (index: number) {
            result.push(index);
          });
          const runs = function* (): CoroutineGenerator<void> {
            yield* barrier.run(body);
          };
          yield* gather(runs, 3);
          expect([[...result].sort(), ...state()]).to.deep.equal([[0, 1, 2], ...IDLE]);
        }));

      it('BarrierTests.test_filling_one_task: one party does not wait', () =>
        run(function* () {
          barrier = new Barrier(1);
          const body = scoped(function* (index: number) {
            return index;
          });
          expect([yield* barrier.run(body), ...state()]).to.deep.equal([0, ...IDLE]);
        }));

      it('BarrierTests.test_filling_one_task_twice: nor the next time', () =>
        run(function* () {
          barrier = new Barrier(1);
          const t1 = start(waiting);
          yield* sleep(0);
          expect(barrier.nWaiting).to.equal(0);
          const t2 = start(waiting);
          yield* sleep(0);
          expect([yield* outcomes([t1, t2]), ...state()]).to.deep.equal([[0, 0], ...IDLE]);
        }));

      it('BarrierTests.test_filling_task_by_task: tells how many wait', () =>
        run(function* () {
          barrier = new Barrier(3);
          const tasks = [start(waiting)];
          yield* sleep(0);
          expect(inspect(barrier)).to.equal('<Barrier [filling, waiters:1/3]>');
          tasks.push(start(waiting));
          yield* sleep(0);
          expect(inspect(barrier)).to.equal('<Barrier [filling, waiters:2/3]>');
          tasks.push(start(waiting));
          yield* sleep(0);
          expect([yield* outcomes(tasks), ...state()]).to.deep.equal([[0, 1, 2], ...IDLE]);
        }));

      it('BarrierTests.test_filling_tasks_wait_twice: all can wait again, inside', () =>
        run(function* () {
          yield* gather(function* () {
            yield* barrier.wait();
            result.push(true);
            yield* barrier.wait();
            result.push(false);
          });
          expect(result.filter((passed) => passed === true)).to.have.length(PARTIES);
          expect([result.length, ...state()]).to.deep.equal([PARTIES * 2, ...IDLE]);
        }));

      it('BarrierTests.test_filling_tasks_check_return_value: gives each its own place each time', () =>
        run(function* () {
          const places = yield* gather(function* () {
            yield* barrier.wait();
            return yield* barrier.wait();
          });
          expect([[...places].sort(), ...state()]).to.deep.equal([[0, 1, 2, 3, 4], ...IDLE]);
        }));

      itInSteps('BarrierTests.test_draining_state: drains until the last has left', () =>
        run(function* () {
          yield* gather(function* () {
            yield* barrier.wait();
            result.push(inspect(barrier).includes('draining'));
          });
          expect([result, ...state()]).to.deep.equal([[true, true, true, true, false], ...IDLE]);
        }),
      );

      it('BarrierTests.test_blocking_tasks_while_draining: newcomers wait until the last has left', () =>
        run(function* () {
          let again = 2;
          const inner = new Barrier(PARTIES - again);
          yield* gather(function* () {
            yield* barrier.wait();
            if (again > 0) {
              again--;
              yield* barrier.wait();
            } else {
              yield* inner.wait();
              yield* barrier.wait();
            }
          });
          expect([...state(), inner.nWaiting]).to.deep.equal([...IDLE, 0]);
        }));

      it('BarrierTests.test_filling_tasks_cancel_one: one that was cancelled does not count', () =>
        run(function* () {
          barrier = new Barrier(3);
          const passing = function* (): CoroutineGenerator<void> {
            yield* barrier.wait();
            result.push(true);
          };
          const t1 = start(passing);
          yield* sleep(0);
          expect(barrier.nWaiting).to.equal(1);
          const t2 = start(passing);
          yield* sleep(0);
          expect(barrier.nWaiting).to.equal(2);
          t1.cancel();
          yield* sleep(0);
          expect(barrier.nWaiting).to.equal(1);
          expect(yield* outcome(t1)).to.be.instanceOf(CancelledError);
          const t3 = start(passing);
          yield* sleep(0);
          expect(barrier.nWaiting).to.equal(2);
          yield* outcomes([t2, t3, start(passing)]);
          expect([result, ...state()]).to.deep.equal([[true, true, true], ...IDLE]);
        }));

      it('BarrierTests.test_reset_barrier: is filling after a reset when nobody waits', () =>
        run(function* () {
          start(function* () {
            yield* barrier.reset();
          });
          yield* sleep(0);
          expect(state()).to.deep.equal(IDLE);
        }));

      it('BarrierTests.test_reset_barrier_while_tasks_waiting: a reset throws in all who wait', () =>
        run(function* () {
          const tasks = startAll(PARTIES - 1, function* () {
            yield* tryWait(() => result.push('broken'));
          });
          yield* sleep(0);
          yield* barrier.reset();
          yield* outcomes(tasks);
          expect([result.length, ...state()]).to.deep.equal([PARTIES - 1, ...IDLE]);
          expect(inspect(barrier)).to.equal('<Barrier [filling, waiters:0/5]>');
        }));

      itInSteps(
        'BarrierTests.test_reset_barrier_when_tasks_half_draining: a reset throws in those who have not left yet',
        () =>
          run(function* () {
            let passed = 0;
            yield* gather(function* () {
              const ok = yield* tryWait(() => result.push('broken'));
              if (ok && ++passed === PARTIES - 2) yield* barrier.reset();
            });
            expect([result.length, ...state()]).to.deep.equal([2, ...IDLE]);
            expect(inspect(barrier)).to.equal('<Barrier [filling, waiters:0/5]>');
          }),
      );

      itInSteps(
        'BarrierTests.test_reset_barrier_when_tasks_half_draining_half_blocking: but not in those who wait outside',
        () =>
          run(function* () {
            const again: unknown[] = [];
            let passed = 0;
            const tasks = startAll(PARTIES, function* () {
              const ok = yield* tryWait(() => result.push('broken'));
              if (ok && ++passed <= 2) yield* tryWait(() => again.push('broken'));
              else {
                if (ok) yield* barrier.reset();
                yield* barrier.wait();
              }
            });
            yield* outcomes(tasks);
            expect([result.length, again.length, ...state()]).to.deep.equal([2, 0, ...IDLE]);
            expect(inspect(barrier)).to.not.include('resetting');
          }),
      );

      it('BarrierTests.test_reset_barrier_while_tasks_waiting_and_waiting_again: who was thrown out can come again', () =>
        run(function* () {
          const passed: unknown[] = [];
          const tasks = startAll(PARTIES - 1, function* () {
            yield* tryWait(() => result.push('broken'));
            yield* barrier.wait();
            passed.push(true);
          });
          yield* sleep(0);
          const reset = start(function* () {
            yield* barrier.reset();
          });
          yield* sleep(0);
          const last = start(function* () {
            yield* barrier.wait();
            passed.push(true);
          });
          yield* outcomes([...tasks, reset, last]);
          expect([result.length, passed.length, ...state()]).to.deep.equal([4, 5, ...IDLE]);
        }));

      itInSteps(
        'BarrierTests.test_reset_barrier_while_tasks_draining: a reset by the last to leave changes nothing',
        () =>
          run(function* () {
            let count = 0;
            yield* gather(function* () {
              yield* barrier.wait();
              if (++count === PARTIES) {
                yield* barrier.reset();
                yield* barrier.wait();
              } else yield* tryWait(() => result.push('broken'));
              yield* barrier.wait();
            });
            expect([result, count, ...state()]).to.deep.equal([[], 5, ...IDLE]);
          }),
      );

      it('BarrierTests.test_abort_barrier: is broken after an abort', () =>
        run(function* () {
          barrier = new Barrier(1);
          yield* barrier.abort();
          expect(state()).to.deep.equal([0, true]);
        }));

      itInSteps(
        'BarrierTests.test_abort_barrier_when_tasks_half_draining_half_blocking: an abort throws inside and outside',
        () =>
          run(function* () {
            const again: unknown[] = [];
            let passed = 0;
            yield* gather(function* () {
              const ok = yield* tryWait(() => result.push('broken'));
              if (!ok) return;
              if (++passed > 2) yield* barrier.abort();
              else yield* tryWait(() => again.push('broken'));
            });
            expect([result.length, again.length, ...state()]).to.deep.equal([2, 2, 0, true]);
            expect(inspect(barrier)).to.equal('<Barrier [broken]>');
          }),
      );

      it('BarrierTests.test_abort_barrier_when_exception: an abort after an error throws in all others', () =>
        run(function* () {
          const passed: unknown[] = [];
          const body = scoped(function* (index: number) {
            if (index === 2) throw new RangeError('mine');
          });
          yield* gather(function* () {
            try {
              yield* barrier.run(body);
              yield* barrier.wait();
              passed.push(true);
            } catch (thrown) {
              if (thrown instanceof RangeError) yield* barrier.abort();
              else result.push(thrown);
            }
          });
          expect([passed.length, result.length, ...state()]).to.deep.equal([0, PARTIES - 1, 0, true]);
          for (const thrown of result) expect(thrown).to.be.instanceOf(BrokenBarrierError);
        }));

      it('BarrierTests.test_abort_barrier_when_exception_then_resetting: a reset mends what an abort broke', () =>
        run(function* () {
          const second = new Barrier(PARTIES);
          const passed: unknown[] = [];
          yield* gather(function* () {
            try {
              const index = yield* barrier.wait();
              if (index === 2) throw new RangeError('mine');
              yield* barrier.wait();
              passed.push('too early');
            } catch (thrown) {
              if (thrown instanceof RangeError) yield* barrier.abort();
              else result.push(thrown);
            }
            if ((yield* second.wait()) === 2) yield* barrier.reset();
            yield* second.wait();
            yield* barrier.wait();
            passed.push(true);
          });
          expect([result.length, passed, ...state()]).to.deep.equal([
            PARTIES - 1,
            [true, true, true, true, true],
            ...IDLE,
          ]);
        }));
    });
  });
}
