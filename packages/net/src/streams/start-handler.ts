import { inspect } from 'node:util';
import type { BaseEventLoop, CoroutineGenerator } from '@ringloop/core';
import { endsTheLoop, typeError } from '@ringloop/core/internal';
import type { StreamReader } from './stream-reader.js';
import type { StreamWriter } from './stream-writer.js';

/**
 * What a server of streams calls for each connection, in a task of its own: an async function, a generator function, or any other. The
 * connection stays open until it closes the writer. If it fails, the exception handler is told and the connection is closed. Python:
 * client_connected_cb.
 */
export type OnConnection = (
  reader: StreamReader,
  writer: StreamWriter,
) => PromiseLike<unknown> | CoroutineGenerator<unknown> | void;

/** @throws {TypeError} when `handler` is no function, or an async generator function, which nobody would iterate over */
export function checkHandler(handler: unknown): void {
  const tag: unknown = typeof handler === 'function' ? Reflect.get(handler, Symbol.toStringTag) : null;
  if (tag !== null && tag !== 'AsyncGeneratorFunction') return;
  throw typeError(`onConnection must be a function or coroutine, got ${inspect(handler, { depth: 0 })}`);
}

/** Starts the task of a connection. */
export function startHandler(
  loop: BaseEventLoop,
  onConnection: OnConnection,
  { reader, writer }: { readonly reader: StreamReader; readonly writer: StreamWriter },
): void {
  const { transport } = writer;
  // A task takes what it gets: a promise, a generator, or nothing.
  const task = loop.createTask(() => onConnection(reader, writer) as PromiseLike<unknown>);
  task.addDoneCallback(() => {
    const exception = task.cancelled() ? null : task.exception();
    if (exception === null && !task.cancelled()) return;
    transport.close();
    if (exception === null || endsTheLoop(exception)) return;
    loop.callExceptionHandler({
      message: 'Unhandled exception in client_connected_cb',
      exception,
      transport,
    });
  });
}
