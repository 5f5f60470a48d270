import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAMS = new URL('./fixtures/signal-programs.js', import.meta.url);

export interface SignalChildEnd {
  readonly code: number | null;
  /** The signal that has ended it. */
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** One of the programs of fixtures/signal-programs.ts, in a process of its own, because signals concern the whole process. */
export class SignalChild {
  readonly #process: ChildProcess;
  readonly #ended: Promise<SignalChildEnd>;
  readonly #lines: string[] = [];
  #stderr = '';
  /** How many lines `line()` has passed. */
  #read = 0;
  #wake: () => void = () => undefined;
  #isOver = false;

  constructor(program: string, { args = [], env = {} }: { args?: string[]; env?: NodeJS.ProcessEnv } = {}) {
    const { RINGLOOP_NODE: node = process.execPath } = process.env;
    const child = spawn(node, [fileURLToPath(PROGRAMS), program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      timeout: 25_000, // mocha's own limit is later, and its message says less
      killSignal: 'SIGKILL',
    });
    this.#process = child;
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      this.#lines.push(...parts);
      this.#wake();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.#ended = once(child, 'close').then((args) => {
      this.#isOver = true;
      this.#wake();
      const [code, signal] = args as [number | null, NodeJS.Signals | null];
      return { code, signal, lines: this.#lines, stderr: this.#stderr };
    });
  }

  /** Waits until it has printed the line, behind those that were waited for before. Rejects when it ends before. */
  async line(wanted: string): Promise<void> {
    for (;;) {
      const at = this.#lines.indexOf(wanted, this.#read);
      if (at >= 0) {
        this.#read = at + 1;
        return;
      }
      if (this.#isOver) {
        throw new Error(`It ended without the line "${wanted}":\n${this.#lines.join('\n')}\n${this.#stderr}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Waits for some lines in any order. */
  async linesInAnyOrder(wanted: readonly string[]): Promise<void> {
    const start = this.#read;
    let furthest = start;
    for (const each of wanted) {
      this.#read = start;
      await this.line(each);
      furthest = Math.max(furthest, this.#read);
    }
    this.#read = furthest;
  }

  send(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  ended(): Promise<SignalChildEnd> {
    return this.#ended;
  }
}
