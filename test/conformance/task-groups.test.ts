/* eslint-disable require-yield -- a coroutine need not wait for anything */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import {
  type BaseEventLoop,
  CancelledError,
  type CoroutineGenerator,
  currentTask,
  eagerTaskFactory,
  Event,
  InvalidStateError,
  KeyboardInterrupt,
  sleep,
  type Task,
  TaskGroup,
} from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { jumpingLoop } from '../core/virtual-loop.js';
import { BOTH_KINDS, groupOf, nothing } from './blocks.js';

// Cases of CPython's test_taskgroups.py (PSF License Version 2). The facts are theirs, the text is ours.
// Left out: _20a and _21a, for JavaScript has no BaseException; what an async generator does when it is collected.

for (const { kind, coroutine, block } of BOTH_KINDS) {
  for (const eager of [false, true]) {
    describe(`conformance/task-groups, ${kind}${eager ? ', eager tasks' : ''}`, () => {
      let loop: BaseEventLoop;

      beforeEach(() => {
        loop = jumpingLoop();
        if (eager) loop.setTaskFactory(eagerTaskFactory);
      });

      const main = <T>(steps: () => CoroutineGenerator<T>): Promise<T> =>
        loop.runUntilComplete(coroutine(steps));

      const spawn = <T>(steps: () => CoroutineGenerator<T>): Task<T> => loop.createTask(coroutine(steps));

      /** A task of `group`. */
      const add = <T>(group: TaskGroup, steps: () => CoroutineGenerator<T>): Task<T> =>
        group.createTask(coroutine(steps));

      /** `async with group:` */
      const within = <T>(
        group: TaskGroup,
        steps: () => CoroutineGenerator<T>,
      ): Iterable<unknown, T, unknown> => group.run(block(steps));

      function* errorOf(awaitable: Iterable<unknown, unknown, unknown>): CoroutineGenerator<Error> {
        try {
          yield* awaitable;
        } catch (thrown) {
          return thrown as Error; // which cases look at
        }
        throw new Error('Nothing was thrown');
      }

      /** The messages of the errors of a group that must come out of `awaitable`, sorted. */
      function* messagesOf(awaitable: Iterable<unknown, unknown, unknown>): CoroutineGenerator<string[]> {
        return groupOf(yield* errorOf(awaitable))
          .errors.map(({ message }) => message)
          .sort();
      }

      function returnAfter<T>(delay: number, value: T): () => CoroutineGenerator<T> {
        return function* () {
          return yield* sleep(delay, value);
        };
      }

      function crashAfter(delay: number, message = 'crash'): () => CoroutineGenerator<never> {
        return function* () {
          yield* sleep(delay);
          throw new RangeError(message);
        };
      }

      /** Sleeps, and where it is cancelled, says so, and fails if told to. */
      function* sleepAndTell(delay: number, log: string[], crash?: string): CoroutineGenerator<void> {
        try {
          yield* sleep(delay);
        } catch (cancellation) {
          log.push('cancelled');
          if (crash !== undefined) throw new RangeError(crash, { cause: cancellation });
          throw cancellation;
        }
        log.push('slept');
      }

      it('TestTaskGroup.test_taskgroup_01: the block ends when its tasks have', () =>
        main(function* () {
          const group = new TaskGroup();
          const tasks: Task<number>[] = [];
          yield* within(group, function* () {
            tasks.push(add(group, returnAfter(0.1, 42)), add(group, returnAfter(0.2, 11)));
          });
          expect(tasks.map((task) => task.result())).to.deep.equal([42, 11]);
        }));

      it('TestTaskGroup.test_taskgroup_02: tasks can be added at any time in it', () =>
        main(function* () {
          const group = new TaskGroup();
          const tasks: Task<number>[] = [];
          yield* within(group, function* () {
            tasks.push(add(group, returnAfter(0.1, 42)));
            yield* sleep(0.15);
            tasks.push(add(group, returnAfter(0.2, 11)));
          });
          expect(tasks.map((task) => task.result())).to.deep.equal([42, 11]);
        }));

      it('TestTaskGroup.test_taskgroup_03: a task that is cancelled alone is no error', () =>
        main(function* () {
          const group = new TaskGroup();
          const tasks: Task<number>[] = [];
          yield* within(group, function* () {
            tasks.push(add(group, returnAfter(1, 42)));
            yield* sleep(0.15);
            tasks[0]?.cancel();
            tasks.push(add(group, returnAfter(0.2, 11)));
          });
          expect([tasks[0]?.cancelled(), tasks[1]?.result()]).to.deep.equal([true, 11]);
        }));

      it('TestTaskGroup.test_taskgroup_04: the error of one cancels the others, and comes as a group', () =>
        main(function* () {
          const log: string[] = [];
          const runner = spawn(function* () {
            const group = new TaskGroup();
            yield* within(group, function* () {
              add(group, crashAfter(0.1));
              add(group, () => sleepAndTell(1, log));
            });
            log.push('not reached');
          });
          expect(yield* messagesOf(runner)).to.deep.equal(['crash']);
          expect(log).to.deep.equal(['cancelled']);
        }));

      it('TestTaskGroup.test_cancel_children_on_child_error: and cancels the body', () =>
        main(function* () {
          const log: string[] = [];
          const runner = spawn(function* () {
            const group = new TaskGroup();
            yield* within(group, function* () {
              for (const message of ['1', '2', '3']) add(group, crashAfter(0.1, message));
              add(group, () => sleepAndTell(5, log));
              yield* sleepAndTell(10, log);
            });
            log.push('not reached');
          });
          expect(yield* messagesOf(runner)).to.deep.equal(['1', '2', '3']);
          expect(log).to.deep.equal(['cancelled', 'cancelled']);
        }));

      it('TestTaskGroup.test_cancellation: to cancel the parent at the end of the block cancels all', () =>
        main(function* () {
          const log: string[] = [];
          const runner = spawn(function* () {
            const group = new TaskGroup();
            yield* within(group, function* () {
              for (let i = 0; i < 5; i++) add(group, () => sleepAndTell(5, log));
            });
          });
          yield* sleep(0.1);
          expect(runner.done()).to.equal(false);
          runner.cancel();
          expect(yield* errorOf(runner)).to.be.instanceOf(CancelledError);
          expect(log).to.deep.equal(Array(5).fill('cancelled'));
        }));

      it('TestTaskGroup.test_taskgroup_07: so it does in its midst', () =>
        main(function* () {
          const log: string[] = [];
          const runner = spawn(function* () {
            const group = new TaskGroup();
            yield* within(group, function* () {
              for (let i = 0; i < 5; i++) add(group, () => sleepAndTell(5, log));
              yield* sleepAndTell(10, log);
            });
          });
          yield* sleep(0.1);
          runner.cancel();
          expect(yield* errorOf(runner)).to.be.instanceOf(CancelledError);
          expect(log).to.deep.equal(Array(6).fill('cancelled'));
        }));

      it('TestTaskGroup.test_taskgroup_08: errors of tasks go before the cancellation', () =>
        main(function* () {
          const runner = spawn(function* () {
            const group = new TaskGroup();
            yield* within(group, function* () {
              for (let i = 0; i < 5; i++) add(group, () => sleepAndTell(10, [], 'crash'));
              yield* sleep(10);
            });
          });
          yield* sleep(0.1);
          runner.cancel();
          expect(yield* messagesOf(runner)).to.deep.equal(Array(5).fill('crash'));
        }));

      for (const [name, wait] of [
        ['test_taskgroup_09', 0.1],
        ['test_taskgroup_10', 0],
      ] as const) {
        it(`TestTaskGroup.${name}: an error of the body cancels the tasks, and comes as a group`, () =>
          main(function* () {
            const group = new TaskGroup();
            const tasks: Task<number>[] = [];
            const block = within(group, function* () {
              tasks.push(add(group, returnAfter(1, 42)), add(group, returnAfter(2, 11)));
              if (wait > 0) yield* sleep(wait);
              throw new RangeError('body');
            });
            expect(yield* messagesOf(block)).to.deep.equal(['body']);
            expect(tasks.map((task) => task.cancelled())).to.deep.equal([true, true]);
          }));
      }

      for (const [name, siblings] of [
        ['test_taskgroup_11', 0],
        ['test_taskgroup_12', 1],
      ] as const) {
        it(`TestTaskGroup.${name}: the group of a block is an error in the group around it`, () =>
          main(function* () {
            const runner = spawn(function* () {
              const outer = new TaskGroup();
              yield* within(outer, function* () {
                for (let i = 0; i < siblings; i++) add(outer, returnAfter(10, null));
                const inner = new TaskGroup();
                yield* within(inner, function* () {
                  for (let i = 0; i < 5; i++) add(inner, () => sleepAndTell(10, [], 'crash'));
                  yield* sleep(10);
                });
              });
            });
            yield* sleep(0.1);
            expect(runner.done()).to.equal(false);
            runner.cancel();
            const { errors } = groupOf(yield* errorOf(runner));
            expect(errors.map((error) => groupOf(error).errors.length)).to.deep.equal([5]);
          }));
      }

      it('TestTaskGroup.test_taskgroup_13: an error in the outer group ends the inner one quietly', () =>
        main(function* () {
          const runner = spawn(function* () {
            const outer = new TaskGroup();
            yield* within(outer, function* () {
              add(outer, crashAfter(0.1, 'outer'));
              const inner = new TaskGroup();
              yield* within(inner, function* () {
                add(inner, crashAfter(10, 'inner'));
              });
            });
          });
          expect(yield* messagesOf(runner)).to.deep.equal(['outer']);
        }));

      it('TestTaskGroup.test_taskgroup_14: an error in the inner group ends the outer one', () =>
        main(function* () {
          const runner = spawn(function* () {
            const outer = new TaskGroup();
            yield* within(outer, function* () {
              add(outer, crashAfter(10, 'outer'));
              const inner = new TaskGroup();
              yield* within(inner, function* () {
                add(inner, crashAfter(0.1, 'inner'));
              });
            });
          });
          const { errors } = groupOf(yield* errorOf(runner));
          expect(errors.map((error) => groupOf(error).errors.map(({ message }) => message))).to.deep.equal([
            ['inner'],
          ]);
        }));

      for (const name of ['test_taskgroup_15', 'test_taskgroup_16'] as const) {
        it(`TestTaskGroup.${name}: a task may fail while the body cleans up after its cancellation`, () =>
          main(function* () {
            function* nested(): CoroutineGenerator<void> {
              const group = new TaskGroup();
              yield* within(group, function* () {
                add(group, crashAfter(0.3));
                const cancellation = yield* errorOf(sleep(10));
                yield* sleep(0.5);
                throw cancellation;
              });
            }
            const runner = spawn(function* () {
              if (name === 'test_taskgroup_15') yield* nested();
              else yield* spawn(nested);
            });
            yield* sleep(0.1);
            expect(runner.done()).to.equal(false);
            runner.cancel();
            expect(yield* messagesOf(runner)).to.deep.equal(['crash']);
          }));
      }

      it('TestTaskGroup.test_taskgroup_17: a block without tasks is cancelled as any code', () =>
        main(function* () {
          const log: string[] = [];
          const runner = spawn(function* () {
            yield* within(new TaskGroup(), () => sleepAndTell(10, log));
          });
          yield* sleep(0.1);
          runner.cancel();
          expect(yield* errorOf(runner)).to.be.instanceOf(CancelledError);
          expect(log).to.deep.equal(['cancelled']);
        }));

      it('TestTaskGroup.test_taskgroup_18: what it throws instead of the cancellation comes as a group', () =>
        main(function* () {
          const log: string[] = [];
          const runner = spawn(function* () {
            yield* within(new TaskGroup(), () => sleepAndTell(10, log, 'instead'));
          });
          yield* sleep(0.1);
          runner.cancel();
          expect(yield* messagesOf(runner)).to.deep.equal(['instead']);
          expect(log).to.deep.equal(['cancelled']);
        }));

      it('TestTaskGroup.test_taskgroup_19: errors of a task and of the body come together', () =>
        main(function* () {
          const runner = spawn(function* () {
            const group = new TaskGroup();
            yield* within(group, function* () {
              add(group, crashAfter(0.1, 'task'));
              yield* sleepAndTell(10, [], 'body');
            });
          });
          expect(yield* messagesOf(runner)).to.deep.equal(['body', 'task']);
        }));

      it('TestTaskGroup.test_taskgroup_20: a KeyboardInterrupt of the body comes bare', async () => {
        const interrupt = new KeyboardInterrupt();
        const running = main(function* () {
          const group = new TaskGroup();
          yield* within(group, function* () {
            add(group, crashAfter(0.1));
            yield* errorOf(sleep(10));
            throw interrupt;
          });
        });
        expect(await rejection(running)).to.equal(interrupt);
      });

      it('TestTaskGroup.test_taskgroup_22: a runner that is cancelled early cancels all', () =>
        main(function* () {
          const runner = spawn(function* () {
            const group = new TaskGroup();
            yield* within(group, function* () {
              add(group, returnAfter(1, 42));
              add(group, returnAfter(2, 11));
            });
          });
          yield* sleep(0.05);
          runner.cancel();
          expect(yield* errorOf(runner)).to.be.instanceOf(CancelledError);
        }));

      it('TestTaskGroup.test_taskgroup_23: tasks that are done are forgotten', () =>
        main(function* () {
          const group = new TaskGroup();
          let running = 0;
          yield* within(group, function* () {
            for (let count = 0; count < 10; count++) {
              yield* sleep(0.1);
              add(group, function* () {
                running++;
                yield* sleep(0.3);
                running--;
              });
              if (count === 5) expect(running).to.be.below(5);
            }
            yield* sleep(1.35);
            expect(running).to.equal(0);
          });
        }));

      it('TestTaskGroup.test_taskgroup_24: tasks can add tasks', () =>
        main(function* () {
          const group = new TaskGroup();
          yield* within(group, function* () {
            add(group, function* () {
              yield* sleep(0.1);
              add(group, returnAfter(0.1, null));
              add(group, returnAfter(0.2, null));
            });
          });
          expect(loop.time()).to.be.closeTo(0.3, 1e-9);
        }));

      it('TestTaskGroup.test_taskgroup_25: and are all stopped by one error, however they grow', () =>
        main(function* () {
          const group = new TaskGroup();
          let hydras = 0;
          function* hydra(): CoroutineGenerator<void> {
            hydras++;
            yield* sleep(0.01);
            add(group, hydra);
            add(group, hydra);
          }
          const running = within(group, function* () {
            add(group, hydra);
            add(group, function* () {
              while (hydras < 10) yield* sleep(0.015);
              throw new RangeError('hercules');
            });
          });
          expect(yield* messagesOf(running)).to.deep.equal(['hercules']);
          expect(hydras).to.be.at.least(10);
        }));

      it('TestTaskGroup.test_taskgroup_task_name: createTask() takes a name', () =>
        main(function* () {
          const group = new TaskGroup();
          yield* within(group, function* () {
            const task = group.createTask(coroutine(returnAfter(0, null)), { name: 'yolo' });
            expect(task.getName()).to.equal('yolo');
          });
        }));

      it('TestTaskGroup.test_taskgroup_task_context: and a context', () =>
        main(function* () {
          const storage = new AsyncLocalStorage<number>();
          const context = storage.run(1, () => new AsyncResource('test'));
          const group = new TaskGroup();
          yield* within(group, function* () {
            const task = group.createTask(
              coroutine(function* () {
                yield* sleep(0);
                return storage.getStore();
              }),
              { context },
            );
            expect([yield* task, storage.getStore()]).to.deep.equal([1, undefined]);
          });
        }));

      it('TestTaskGroup.test_taskgroup_no_create_task_after_failure: a group that is ending takes none', () =>
        main(function* () {
          const group = new TaskGroup();
          const refusals: unknown[] = [];
          const running = within(group, function* () {
            add(group, crashAfter(0.001));
            add(group, function* () {
              yield* errorOf(sleep(1));
              try {
                add(group, nothing);
              } catch (refusal) {
                refusals.push(refusal);
              }
            });
          });
          expect(yield* messagesOf(running)).to.deep.equal(['crash']);
          expect(refusals).to.have.lengthOf(1);
          expect(refusals[0]).to.be.instanceOf(InvalidStateError);
          expect((refusals[0] as Error).message).to.match(/^TaskGroup <TaskGroup .*> is shutting down$/);
        }));

      it('TestTaskGroup.test_taskgroup_context_manager_exit_raises: nothing of its cancellation is left', () =>
        main(function* () {
          const runner = spawn(function* () {
            const group = new TaskGroup();
            const running = within(group, function* () {
              add(group, function* () {
                throw new RangeError('task');
              });
              yield* sleepAndTell(1, [], 'body');
            });
            expect(yield* messagesOf(running)).to.deep.equal(['body', 'task']);
            expect(currentTask()?.cancelling()).to.equal(0);
          });
          yield* runner;
        }));

      it('TestTaskGroup.test_taskgroup_already_entered: a group cannot be entered in itself', () =>
        main(function* () {
          const group = new TaskGroup();
          yield* within(group, function* () {
            const error = yield* errorOf(within(group, nothing));
            expect(error).to.be.instanceOf(InvalidStateError);
            expect(error.message).to.equal('TaskGroup <TaskGroup entered> has already been entered');
          });
        }));

      it('TestTaskGroup.test_taskgroup_double_enter: nor a second time', () =>
        main(function* () {
          const group = new TaskGroup();
          yield* within(group, nothing);
          const error = yield* errorOf(within(group, nothing));
          expect(error).to.be.instanceOf(InvalidStateError);
          expect(error.message).to.contain('has already been entered');
        }));

      for (const name of ['test_taskgroup_finished', 'test_coro_closed_when_tg_closed']) {
        it(`TestTaskGroup.${name}: a group that has ended takes no tasks, and closes the coroutine`, () =>
          main(function* () {
            const group = new TaskGroup();
            yield* within(group, nothing);
            const generator = nothing();
            expect(() => group.createTask(generator)).to.throw(InvalidStateError, 'is finished');
            expect(generator.next()).to.deep.equal({ done: true, value: undefined });
          }));
      }

      it('TestTaskGroup.test_taskgroup_not_entered: one that was not entered takes none', () =>
        main(function* () {
          const generator = nothing();
          expect(() => new TaskGroup().createTask(generator)).to.throw(
            InvalidStateError,
            'TaskGroup <TaskGroup> has not been entered',
          );
          expect(generator.next()).to.deep.equal({ done: true, value: undefined });
        }));

      it('TestTaskGroup.test_taskgroup_without_parent_task: it cannot be entered outside of a task', async () => {
        const group = new TaskGroup();
        let running: PromiseLike<unknown> | null = null;
        loop.callSoon(() => {
          running = group.run(block(nothing));
          running.then(undefined, () => loop.stop());
        });
        await loop.runForever();
        const error = await rejection(running!); // which the callback set
        expect(error).to.be.instanceOf(InvalidStateError);
        expect(error.message).to.equal('TaskGroup <TaskGroup> cannot determine the parent task');
        expect(() => group.createTask(nothing())).to.throw(InvalidStateError, 'has not been entered');
      });

      it('TestTaskGroup.test_cancelling_level_preserved: cancelling() is what it was before', () =>
        main(function* () {
          const group = new TaskGroup();
          const running = within(group, function* () {
            add(group, crashAfter(0));
          });
          expect(yield* messagesOf(running)).to.deep.equal(['crash']);
          expect(currentTask()?.cancelling()).to.equal(0);
        }));

      it('TestTaskGroup.test_nested_groups_both_cancelled: each takes back its own cancellation', () =>
        main(function* () {
          const outer = new TaskGroup();
          const log: unknown[] = [];
          const running = within(outer, function* () {
            const inner = new TaskGroup();
            const nested = within(inner, function* () {
              add(inner, crashAfter(0, 'inner'));
              add(outer, crashAfter(0, 'outer'));
            });
            log.push(yield* messagesOf(nested));
            log.push(currentTask()?.cancelling());
          });
          log.push(yield* messagesOf(running));
          log.push(currentTask()?.cancelling());
          // Between async functions a block counts its cancellation by itself: the task is not cancelled, what runs beside it goes on.
          const inBetween = kind === 'async functions' ? 0 : 1;
          expect(log).to.deep.equal([['inner'], inBetween, ['outer'], 0]);
        }));

      it('TestTaskGroup.test_error_and_cancel: a cancellation from outside that errors precede is not lost', () =>
        main(function* () {
          const event = new Event();
          const log: unknown[] = [];
          const task = spawn(function* () {
            const group = new TaskGroup();
            const running = within(group, function* () {
              add(group, function* () {
                event.set();
                yield* sleep(0);
                throw new RangeError('task');
              });
              yield* sleep(1);
              log.push('not reached');
            });
            log.push(yield* messagesOf(running));
            log.push(currentTask()?.cancelling());
            yield* sleep(1);
            log.push('not reached');
          });
          yield* event.wait();
          log.push(task.cancelling());
          task.cancel();
          log.push(task.cancelling());
          expect(yield* errorOf(task)).to.be.instanceOf(CancelledError);
          expect([task.cancelled(), log]).to.deep.equal([true, [0, 1, ['task'], 1]]);
        }));
    });
  }
}
