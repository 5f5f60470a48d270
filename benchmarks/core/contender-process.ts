import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Python } from './python.js';
import type { Question } from './question.js';

/** A contender that could not answer: it has ended, for instance because it ran out of memory. */
export class ContenderError extends Error {
  readonly code = 'ERR_CONTENDER';
  override readonly name = 'ContenderError';
}

/** One contender in a process of its own, so that nothing is compiled, or collected, on account of another. */
export class ContenderProcess {
  readonly #name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  constructor(name: string, command: string, args: readonly string[]) {
    this.#name = name;
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin.on('error', () => undefined); // it has ended, and so the answer does not come: see ask()
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Seconds or bytes for each item. Rejects with ContenderError. */
  async ask(question: Question): Promise<number> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    const answer = await this.#answers.next();
    if (answer.done === true) throw new ContenderError(`${this.#name} has ended`);
    return Number(answer.value);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin.end();
    await once(this.#child, 'exit');
  }
}

export type Kind = 'time' | 'memory';

export function openNode(kind: Kind, scenario: string, contender: string): ContenderProcess {
  const child = fileURLToPath(new URL('./child.js', import.meta.url));
  const flags = kind === 'memory' ? ['--expose-gc'] : [];
  return new ContenderProcess(contender, process.execPath, [...flags, child, kind, scenario, contender]);
}

export function openPython(
  kind: Kind,
  scenario: string,
  contender: string,
  python: Python,
): ContenderProcess {
  const child = fileURLToPath(new URL('../../../benchmarks/peers/child.py', import.meta.url));
  return new ContenderProcess(contender, python.command, ['-B', child, kind, scenario, contender]);
}
