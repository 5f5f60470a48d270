/**
 * Flushes a worker's output, which needs time to arrive: Node sends the first piece at once, and each later piece when
 * the thread that started the worker has read the one before. If the worker is terminated meanwhile, the rest is lost.
 */
import type { Writable } from 'node:stream';

/** Resolves when everything that this thread has printed has reached the thread that started it. */
export async function flushOutput(): Promise<void> {
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
}

function flush(stream: Writable): Promise<void> {
  // A job may have ended or replaced the stream. A stream that is not writable has nothing to wait for.
  if (!stream.writable || !(stream.writableLength > 0)) return Promise.resolve();
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
