import { PassThrough, type Readable } from 'node:stream';
import type { Worker } from 'node:worker_threads';

/**
 * The output of threads as a stream that can be read: one stream for all threads of one place, one after the other or
 * at once.
 *
 * The output is read from the threads at once and kept here until somebody reads it. So a thread that waits for its
 * output to be read before it replies or ends does not wait for a reader who never comes.
 */
export class ThreadOutput {
  /** Null: the output is written to this thread's own. */
  readonly stdout: Readable | null;
  /** Null: the output is written to this thread's own. */
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

  /**
   * Takes over the output of a worker. Must be called right after the worker was made, before any output can have
   * arrived.
   */
  take(worker: Worker): void {
    for (const [name, stream] of this.#streams) {
      this.#open++;
      const source = worker[name];
      source.unpipe(); // by default Node pipes it to this thread's own output
      source.on('data', (piece: Buffer) => {
        if (!stream.destroyed) stream.write(piece); // its reader may have destroyed it
      });
      source.once('end', () => {
        this.#open--;
        this.#endIfOver();
      });
      source.resume();
    }
  }

  /** Ends the streams once the last thread has ended; no more threads will be taken. */
  end(): void {
    this.#ending = true;
    this.#endIfOver();
  }

  #endIfOver(): void {
    if (!this.#ending || this.#open > 0) return;
    for (const [, stream] of this.#streams) stream.end();
  }
}
