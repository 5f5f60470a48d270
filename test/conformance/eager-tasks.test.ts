/* eslint-disable require-yield -- a coroutine need not wait for anything */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  allTasks,
  type BaseEventLoop,
  CancelledError,
  type Coroutine,
  type CoroutineGenerator,
  createEagerTaskFactory,
  currentTask,
  eagerTaskFactory,
  gather,
  sleep,
  Task,
  type TaskConstructor,
  TaskGroup,
  type TaskOptions,
} from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { jumpingLoop } from '../core/virtual-loop.js';
import { KINDS } from './coroutine-kinds.js';
import { doNothing } from './run-briefly.js';

// Cases of CPython's test_eager_task_factory.py, of 3.12 to 3.14 (PSF License Version 2). The facts are theirs, the text is ours.
// An async function that needs not wait is done in the next microtask rather than when createTask() returns: JavaScript tells
// nobody before that a promise is settled. So what must be done at once is a generator in all cases; what waits is of both kinds.

for (const { kind, coroutine } of KINDS) {
  describe(`conformance/eager-tasks, ${kind}`, () => {
    let loop: BaseEventLoop;
    const run = <T>(body: () => CoroutineGenerator<T>): Promise<T> => loop.runUntilComplete(coroutine(body));

    beforeEach(() => {
      loop = jumpingLoop();
      loop.setTaskFactory(eagerTaskFactory);
    });

    it('EagerTaskFactoryLoopTests.test_eager_task_factory_set: is the factory of the loop and makes tasks', async () => {
      expect(loop.getTaskFactory()).to.equal(eagerTaskFactory);
      await run(function* () {
        const task = loop.createTask(doNothing);
        expect(task).to.be.instanceOf(Task);
        yield* task;
      });
    });

    it('EagerTaskFactoryLoopTests.test_await_future_during_eager_step: the first step can settle what others wait for', async () => {
      const result = await run(function* () {
        const future = loop.createFuture<string>();
        const task = loop.createTask(function* () {
          future.setResult('my message');
        });
        expect(task.done()).to.equal(true);
        return yield* future;
      });
      expect(result).to.equal('my message');
    });

    it('EagerTaskFactoryLoopTests.test_eager_completion: a coroutine that needs not wait is done at once', async () => {
      const result = await run(function* () {
        const task = loop.createTask(function* () {
          return 'hello';
        });
        expect(task.done()).to.equal(true);
        return yield* task;
      });
      expect(result).to.equal('hello');
    });

    it('EagerTaskFactoryLoopTests.test_block_after_eager_step: one that waits goes on in the loop', async () => {
      const result = await run(function* () {
        const task = loop.createTask(
          coroutine(function* () {
            yield* sleep(0.1);
            return 'finished after blocking';
          }),
        );
        expect(task.done()).to.equal(false);
        const value = yield* task;
        expect(task.done()).to.equal(true);
        return value;
      });
      expect(result).to.equal('finished after blocking');
    });

    it('EagerTaskFactoryLoopTests.test_cancellation_after_eager_completion: what is done cannot be cancelled', async () => {
      const result = await run(function* () {
        const task = loop.createTask(function* () {
          return 'finished without blocking';
        });
        expect(task.cancel()).to.equal(false);
        const value = yield* task;
        expect(task.cancelled()).to.equal(false);
        return value;
      });
      expect(result).to.equal('finished without blocking');
    });

    it('EagerTaskFactoryLoopTests.test_cancellation_after_eager_step_blocks: what waits is cancelled there', async () => {
      const error = await rejection(
        run(function* () {
          const task = loop.createTask(
            coroutine(function* () {
              yield* sleep(0.1);
              return 'finished after blocking';
            }),
          );
          task.cancel('cancellation message');
          expect(task.cancelling()).to.equal(1);
          yield* task;
        }),
      );
      expect(error).to.be.instanceOf(CancelledError).with.property('message', 'cancellation message');
      expect(loop.time()).to.equal(0);
    });

    it('EagerTaskFactoryLoopTests.test_current_task: during its first step the task is the current one, and then its creator again', async () => {
      await run(function* () {
        const creator = currentTask();
        let captured: unknown = null;
        const task = loop.createTask(
          coroutine(function* () {
            captured = currentTask();
            yield* sleep(0.1);
            expect(currentTask()).to.equal(captured);
          }),
        );
        expect([captured, currentTask()]).to.deep.equal([task, creator]);
        yield* task;
      });
    });

    it('EagerTaskFactoryLoopTests.test_all_tasks_with_eager_completion: is one of the tasks only until it is done', async () => {
      await run(function* () {
        let captured = new Set<unknown>();
        const task = loop.createTask(function* () {
          captured = allTasks();
        });
        expect([captured.has(task), allTasks().has(task)]).to.deep.equal([true, false]);
      });
    });

    it('EagerTaskFactoryLoopTests.test_all_tasks_with_blocking: is one of them while it waits', async () => {
      await run(function* () {
        const [first, second] = [loop.createFuture<void>(), loop.createFuture<void>()];
        let captured = new Set<unknown>();
        const task = loop.createTask(function* () {
          captured = allTasks();
          yield* first;
          second.setResult();
        });
        expect([captured.has(task), allTasks().has(task)]).to.deep.equal([true, true]);
        first.setResult();
        yield* second;
        expect(allTasks().has(task)).to.equal(false);
      });
    });

    it('EagerTaskFactoryLoopTests.test_context_vars: has a context of its own, which begins as the one of its creator', async () => {
      const storage = new AsyncLocalStorage<number>();
      const seen: unknown[] = [];
      await loop.runUntilComplete(async () => {
        storage.enterWith(1);
        const task = loop.createTask(
          coroutine(function* () {
            seen.push(storage.getStore());
            storage.enterWith(2);
            seen.push(storage.getStore());
            yield* sleep(0.1);
            seen.push(storage.getStore());
            storage.enterWith(3);
            seen.push(storage.getStore());
          }),
        );
        seen.push(`creator ${String(storage.getStore())}`);
        await task;
        seen.push(`creator ${String(storage.getStore())}`);
      });
      expect(seen).to.deep.equal([1, 2, 'creator 1', 2, 3, 'creator 1']);
    });

    it('EagerTaskFactoryLoopTests.test_eager_start_false: eagerStart: false waits for the next iteration all the same', async () => {
      await run(function* () {
        let name: string | undefined;
        const task = loop.createTask(
          coroutine(function* () {
            name = currentTask()?.getName();
          }),
          { eagerStart: false, name: 'example' },
        );
        expect([task.done(), name]).to.deep.equal([false, undefined]);
        yield* task;
        expect(name).to.equal('example');
      });
    });

    it('DefaultTaskFactoryEagerStart.test_eager_start_true_with_default_factory: eagerStart: true needs no factory', async () => {
      loop.setTaskFactory(null);
      await run(function* () {
        let name: string | undefined;
        const task = loop.createTask(
          function* () {
            name = currentTask()?.getName();
          },
          { eagerStart: true, name: 'example' },
        );
        expect([task.done(), name]).to.deep.equal([true, 'example']);
        yield* task;
      });
    });

    it('BaseTaskTests.test_eager_start_true: nor does the constructor', async () => {
      await run(function* () {
        const task = new Task(
          function* () {
            return currentTask()?.getName();
          },
          loop,
          { eagerStart: true, name: 'example' },
        );
        expect([task.done(), task.result()]).to.deep.equal([true, 'example']);
        yield* task;
      });
    });
  });
}

for (const eager of [false, true]) {
  describe(`conformance/eager-tasks, counting ${eager ? 'eager' : 'ordinary'} tasks`, () => {
    let loop: BaseEventLoop;
    /** Tasks that were scheduled rather than begun at once. */
    let scheduled: number;

    function* awaitableChain(depth: number): Generator<unknown, number> {
      if (depth === 0) return 0;
      return 1 + (yield* awaitableChain(depth - 1));
    }

    function* recursiveTaskGroups(width: number, depth: number): Generator<unknown, void> {
      if (depth === 0) return;
      yield* new TaskGroup().run(function* (group) {
        for (let child = 0; child < width; child++)
          group.createTask(() => recursiveTaskGroups(width, depth - 1));
      });
    }

    function* recursiveGather(width: number, depth: number): Generator<unknown, void> {
      if (depth === 0) return;
      yield* gather(Array.from({ length: width }, () => recursiveGather(width, depth - 1)));
    }

    beforeEach(() => {
      loop = jumpingLoop();
      scheduled = 0;
      class CountingTask<T> extends Task<T> {
        constructor(of: Coroutine<T> | PromiseLike<T>, on: BaseEventLoop, options: TaskOptions = {}) {
          if (options.eagerStart !== true) scheduled++;
          super(of, on, options);
        }
      }
      const constructor: TaskConstructor = CountingTask;
      loop.setTaskFactory(
        eager ? createEagerTaskFactory(constructor) : (on, of, options) => new constructor(of, on, options),
      );
    });

    it('BaseTaskCountingTests.test_awaitables_chain: a coroutine that waits for a coroutine takes no task', async () => {
      expect(await loop.runUntilComplete(() => awaitableChain(100))).to.equal(100);
      expect(scheduled).to.equal(eager ? 0 : 1);
    });

    it('BaseTaskCountingTests.test_recursive_taskgroups: task groups take one a child', async () => {
      await loop.runUntilComplete(() => recursiveTaskGroups(5, 4));
      expect(scheduled).to.equal(eager ? 0 : 781); // 1 + 5 + 5² + 5³ + 5⁴
    });

    it('BaseTaskCountingTests.test_recursive_gather: and so does gather()', async () => {
      await loop.runUntilComplete(() => recursiveGather(5, 4));
      expect(scheduled).to.equal(eager ? 0 : 781);
    });
  });
}
