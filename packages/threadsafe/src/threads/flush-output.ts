/**
 * What a worker prints is on its way for a while: Node sends the first piece at once, and the others when the thread that started the
 * worker has read it. A worker that is terminated meanwhile takes them along.
 */
import type { Writable } from 'node:stream';

/** Resolves when all that this thread has printed is with the thread that started it. */
export async function flushOutput(): Promise<void> {
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
}

function flush(stream: Writable): Promise<void> {
  // A job may have ended or replaced the stream: what cannot be written to has nothing that we could wait for.
  if (!stream.writable || !(stream.writableLength > 0)) return Promise.resolve();
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
