import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Python } from '../oracle.js';
import type { SubprocessProgram, SubprocessTrace } from './program.js';

// The compiled file is in build/test/differential/subprocesses/.
const SCRIPT = fileURLToPath(
  new URL('../../../../test/differential/oracle/subprocesses.py', import.meta.url),
);

/** A Python process that runs children on asyncio, one program after the other. */
export class SubprocessOracle {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  #stderr = '';

  constructor({ command }: Python) {
    this.#process = spawn(command, ['-B', SCRIPT], { env: { ...process.env, PYTHONASYNCIODEBUG: '' } });
    this.#process.stderr.on('data', (text: Buffer) => (this.#stderr += text.toString()));
    this.#reader = createInterface(this.#process.stdout);
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** @throws when the oracle itself fails, which is no difference but a bug in it */
  async run(program: SubprocessProgram): Promise<SubprocessTrace> {
    this.#process.stdin.write(`${JSON.stringify(program)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`The oracle has died: ${this.#stderr}`);
    const answer = JSON.parse(line.value) as { trace: SubprocessTrace } | { crash: string }; // subprocesses.py writes these
    if ('crash' in answer) throw new Error(`The oracle has failed: ${answer.crash}`);
    return answer.trace;
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.stdin.end();
    await exited;
    this.#reader.close();
  }
}
