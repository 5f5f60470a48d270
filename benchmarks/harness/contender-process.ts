import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** A contender that could not answer: it has ended, for instance because it ran out of memory. */
export class ContenderError extends Error {
  readonly code = 'ERR_CONTENDER';
  override readonly name = 'ContenderError';
}

/**
 * One contender in a process of its own, so that nothing is compiled, or collected, on account of another. Each line on its
 * input is a question in JSON, each line of its output an answer in JSON; it ends when its input does.
 */
export class ContenderProcess<Q extends object, A> {
  readonly #name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  constructor(name: string, command: string, args: readonly string[]) {
    this.#name = name;
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.on('error', () => undefined); // it did not start, and so the answer does not come: see ask()
    this.#child.stdin.on('error', () => undefined); // the same if it has ended
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** What it says. Rejects with ContenderError when it has ended. */
  async ask(question: Q): Promise<A> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    const answer = await this.#answers.next();
    if (answer.done === true) throw new ContenderError(`${this.#name} has ended`);
    return JSON.parse(answer.value) as A; // our own program wrote it
  }

  /** Resolves when the process has ended. */
  async close(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    this.#child.stdin.end();
    await once(this.#child, 'exit');
  }
}
