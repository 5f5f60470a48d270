import type { Coroutine } from './coroutine.js';
import { getEventLoop } from './current-loop.js';
import { LoopStateError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { Future } from './future.js';

/**
 * Returns a future as it is. Makes a coroutine or promise a task of `loop`, by default of `getEventLoop()`.
 * Python: asyncio.ensure_future().
 * @throws {LoopStateError} ERR_OTHER_LOOP when the future belongs to another loop, ERR_NO_CURRENT_LOOP
 * @throws {TypeError} when `awaitable` is neither a future nor a coroutine nor a promise
 */
export function ensureFuture<T>(
  awaitable: Future<T> | Coroutine<T> | PromiseLike<T>,
  { loop }: { readonly loop?: BaseEventLoop } = {},
): Future<T> {
  if (!isFuture(awaitable)) return (loop ?? getEventLoop()).createTask(awaitable);
  if (loop === undefined || awaitable.getLoop() === loop) return awaitable;
  throw new LoopStateError(
    'The future belongs to a different loop than the one specified as the loop argument',
    'ERR_OTHER_LOOP',
  );
}

/** Whether `value` is a Future, a Task included. Python: asyncio.isfuture(). */
export function isFuture(value: unknown): value is Future<unknown> {
  return value instanceof Future;
}
