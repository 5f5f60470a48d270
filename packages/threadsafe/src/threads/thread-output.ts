import { PassThrough, type Readable } from 'node:stream';
import type { Worker } from 'node:worker_threads';

/**
 * What threads print, for who wants to read it: one stream for the threads that stand in one place, one after the other or at once.
 *
 * It is taken from the threads at once, and kept here until somebody reads it: a thread that waits for its output to be read, before it
 * answers or ends, must not wait for a reader who never comes.
 */
export class ThreadOutput {
  /** Null: it is written to this thread's own. */
  readonly stdout: Readable | null;
  /** Null: it is written to this thread's own. */
  readonly stderr: Readable | null;
  readonly #streams: readonly (readonly [name: 'stdout' | 'stderr', stream: PassThrough])[];
  #open = 0;
  #ending = false;

  constructor(wanted: { readonly stdout: boolean; readonly stderr: boolean }) {
    const stdout = wanted.stdout ? new PassThrough() : null;
    const stderr = wanted.stderr ? new PassThrough() : null;
    this.stdout = stdout;
    this.stderr = stderr;
    this.#streams = [
      ...(stdout === null ? [] : [['stdout', stdout] as const]),
      ...(stderr === null ? [] : [['stderr', stderr] as const]),
    ];
  }

  /** Right after the worker was made, before anything can have come from it. */
  take(worker: Worker): void {
    for (const [name, stream] of this.#streams) {
      this.#open++;
      const source = worker[name];
      source.unpipe(); // Node pipes it to our own, where it was not told otherwise
      source.on('data', (piece: Buffer) => {
        if (!stream.destroyed) stream.write(piece); // its reader may have had enough
      });
      source.once('end', () => {
        this.#open--;
        this.#endIfOver();
      });
      source.resume();
    }
  }

  /** No more threads will be taken: the streams end when the last one has. */
  end(): void {
    this.#ending = true;
    this.#endIfOver();
  }

  #endIfOver(): void {
    if (!this.#ending || this.#open > 0) return;
    for (const [, stream] of this.#streams) stream.end();
  }
}
