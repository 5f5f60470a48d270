import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Python } from '../oracle.js';
import type { Agent, Answer, Command } from './program.js';

// The compiled file is in build/test/differential/sockets/.
const SCRIPT = fileURLToPath(new URL('../../../../test/differential/oracle/sockets.py', import.meta.url));

/** A process of CPython that has one side of each connection. */
export class PythonAgent implements Agent {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #stderr = '';

  constructor({ command }: Python) {
    this.#process = spawn(command, ['-B', SCRIPT], { env: { ...process.env, PYTHONASYNCIODEBUG: '' } });
    this.#process.stderr.on('data', (text: Buffer) => (this.#stderr += text.toString()));
    this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  async command(command: Command): Promise<Answer> {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`The agent has died: ${this.#stderr}`);
    const answer = JSON.parse(line.value) as Answer | { readonly crash: string }; // sockets.py writes these
    if ('crash' in answer) throw new Error(`The agent has failed: ${answer.crash}`);
    return answer;
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.stdin.end();
    await exited;
  }
}
