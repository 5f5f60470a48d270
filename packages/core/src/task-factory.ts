import { inspect } from 'node:util';
import type { Coroutine } from './coroutine.js';
import { typeError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { Task, type TaskOptions } from './task.js';

/**
 * Makes the tasks of a loop. Its result must behave like a task, but is not checked. Python: loop.set_task_factory().
 */
export type TaskFactory = <T>(
  loop: BaseEventLoop,
  coroutine: Coroutine<T> | PromiseLike<T>,
  options: TaskOptions,
) => Task<T>;

/** A class with the constructor of Task. */
export type TaskConstructor = new <T>(
  coroutine: Coroutine<T> | PromiseLike<T>,
  loop: BaseEventLoop,
  options: TaskOptions,
) => Task<T>;

/**
 * Makes a task factory whose tasks take their first step at once if the loop is running. A generator that does not have
 * to wait is then done when `createTask()` returns. Python: asyncio.create_eager_task_factory().
 */
export function createEagerTaskFactory(customTaskConstructor: TaskConstructor): TaskFactory {
  return (loop, coroutine, options) =>
    new customTaskConstructor(coroutine, loop, { eagerStart: true, ...options });
}

/** Makes tasks that take their first step at once if the loop is running. Python: asyncio.eager_task_factory. */
export const eagerTaskFactory: TaskFactory = createEagerTaskFactory(Task);

/** @throws {TypeError} unless `factory` is a function or null */
export function checkTaskFactory(factory: unknown): void {
  if (factory === null || typeof factory === 'function') return;
  throw typeError(`task factory must be a callable or null, got ${inspect(factory)}`);
}
