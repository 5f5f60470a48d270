import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Version } from './features.js';
import type { Program } from './grammar/program.js';
import type { Event } from './interpret/world.js';

// The compiled file is in build/test/differential/.
const SCRIPT = fileURLToPath(new URL('../../../test/differential/oracle/main.py', import.meta.url));
const OLDEST_MINOR = 8;
const NEWEST_MINOR = 13;

type Answer = { readonly trace: readonly Event[] } | { readonly crash: string };

/** A Python process that runs programs on CPython's event loop, one after the other. */
export class Oracle {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  #stderr = '';

  constructor({ command }: Python) {
    // -B: no __pycache__ among the sources; -I would keep main.py from finding its modules.
    this.#process = spawn(command, ['-B', SCRIPT], { env: { ...process.env, PYTHONASYNCIODEBUG: '' } });
    this.#process.stderr.on('data', (text: Buffer) => (this.#stderr += text.toString()));
    this.#reader = createInterface(this.#process.stdout);
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** @throws when the oracle itself fails, which is no difference but a bug in it */
  async run(program: Program): Promise<readonly Event[]> {
    this.#process.stdin.write(`${JSON.stringify(program)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`The oracle has died: ${this.#stderr}`);
    const answer = JSON.parse(line.value) as Answer; // main.py writes these
    if ('crash' in answer) throw new Error(`The oracle has failed: ${answer.crash}`);
    return answer.trace;
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.stdin.end();
    await exited;
  }
}

/** A Python to compare with. */
export interface Python {
  readonly command: string;
  readonly version: Version;
}

/** The Python named by RINGLOOP_PYTHON, or else the first one that is new enough; or why there is none. */
export function findPython(): Python | string {
  const chosen = process.env.RINGLOOP_PYTHON ?? '';
  const refusals: string[] = [];
  for (const command of chosen === '' ? ['python3.12', 'python3'] : [chosen]) {
    const version = versionOf(command);
    if (version !== null && version[0] >= OLDEST_MINOR && version[0] <= NEWEST_MINOR)
      return { command, version };
    refusals.push(version === null ? `${command} does not run` : `${command} is 3.${version.join('.')}`);
  }
  return `needs Python 3.${OLDEST_MINOR} to 3.${NEWEST_MINOR}: ${refusals.join(', ')}`;
}

function versionOf(command: string): Version | null {
  const print = 'import sys; print(*sys.version_info[:3])';
  const { status, stdout } = spawnSync(command, ['-c', print], { encoding: 'utf8' });
  const [, minor, micro] = (status === 0 ? /^3 (\d+) (\d+)\s*$/.exec(stdout) : null) ?? [];
  return minor === undefined ? null : [Number(minor), Number(micro)];
}
