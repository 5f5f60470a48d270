import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** The server has answered wrongly, or not at all. */
export class LoadError extends Error {
  readonly code = 'ERR_LOAD';
  override readonly name = 'LoadError';
}

/** One run of peers/net-load.c. */
export class LoadProgram {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<unknown>;
  readonly #lines: AsyncIterator<string>;
  #complaint = '';

  constructor([command = '', ...args]: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#ended = once(this.#child, 'close');
    this.#ended.catch(() => undefined); // it did not start: whoever waits for it is told
    this.#child.stdin.on('error', () => undefined); // it has ended: so does its output
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaint += text));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The line that it prints. Rejects with LoadError when it ends instead. */
  async line(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done !== true) return line.value;
    await this.#ended;
    throw this.#error();
  }

  /** Resolves when it has ended and the server has closed its connections. Rejects with LoadError when that goes wrong. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
    if (this.#child.exitCode !== 0) throw this.#error();
  }

  #error(): LoadError {
    const { exitCode, signalCode } = this.#child;
    return new LoadError(
      this.#complaint.trim() || `The load ended with ${signalCode ?? exitCode ?? 'nothing'}`,
    );
  }
}
