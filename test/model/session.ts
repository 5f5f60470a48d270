/** The threads, buffers and control words of one exploration; runs one schedule at a time, blocking this thread. */
import type { Worker } from 'node:worker_threads';
import * as c from './control.js';
import type { ThreadDescription } from './explorer.js';
import { assign, giveBack } from './pool.js';

export type Buffers = Readonly<Record<string, SharedArrayBuffer>>;

export interface Rules {
  readonly plainSteps: boolean;
  readonly earlyTimeouts: boolean;
}

/** Who is killed, and before which of its turns. */
export interface Kill {
  readonly victim: number;
  readonly turn: number;
}

// A hand-over takes microseconds; this long means plain code that never comes to an operation or to its end.
const STUCK_MS = 10_000;
const LOOKS = 1_000; // as in thread-scheduler.ts: catches the end of short schedules before sleeping

export class Session {
  readonly control = new Int32Array(new SharedArrayBuffer(c.CONTROL_WORDS * 4));
  readonly #results = new Uint8Array(new SharedArrayBuffer(c.MAX_THREADS * c.MAX_RESULT_BYTES));
  readonly #threads: readonly ThreadDescription[];
  readonly #rules: Rules;
  readonly #shared: readonly Uint8Array[];
  readonly #pristine: readonly Uint8Array[];
  readonly #workers: Worker[] = [];
  #stuck = false;

  constructor(threads: readonly ThreadDescription[], buffers: Buffers, rules: Rules) {
    this.#threads = threads;
    this.#rules = rules;
    this.#shared = Object.values(buffers).map((buffer) => new Uint8Array(buffer));
    this.#pristine = this.#shared.map((bytes) => bytes.slice());
  }

  /** Brings a worker to the gate of each thread. */
  async open(buffers: Buffers): Promise<void> {
    for (const [thread, { name, module, program, input }] of this.#threads.entries()) {
      const assignment = {
        module: String(module),
        program,
        thread,
        name,
        input,
        buffers,
        control: this.control,
        result: this.#resultBytes(thread, c.MAX_RESULT_BYTES),
      };
      this.#workers.push(await assign(assignment));
    }
  }

  /** Runs one schedule, in buffers as `setup` made them, until it ends; returns an `Ending`. */
  run(kill: Kill | null, prescribe: (control: Int32Array) => void): number {
    this.#reset(kill);
    prescribe(this.control);
    const first = c.chooseNext(this.control);
    if (first !== c.NOBODY) {
      c.openGate(this.control, first, c.Gate.go);
      this.#awaitBaton();
    }
    return this.control[c.ENDING]!;
  }

  /** Unwinds the threads that the last schedule left in the middle of their programs. */
  unwind(): void {
    for (const thread of this.#threads.keys()) {
      const at = c.threadAt(thread);
      const state = this.control[at + c.STATE];
      if (this.control[at + c.STARTED] === 0 || state === c.State.finished || state === c.State.failed)
        continue;
      Atomics.store(this.control, c.DONE, 0);
      c.openGate(this.control, thread, c.Gate.unwind);
      this.#awaitBaton();
      this.control[at + c.STARTED] = 0; // it waits for its next start, and must not be unwound again
    }
  }

  /** What a thread returned, or its error's stack if it failed; undefined if it did not come to its end. */
  result(thread: number): unknown {
    const length = this.control[c.threadAt(thread) + c.RESULT_BYTES]!;
    if (length === 0) return undefined;
    return JSON.parse(Buffer.from(this.#resultBytes(thread, length)).toString('utf8'));
  }

  close(): void {
    if (!this.#stuck) this.unwind();
    for (const [thread, worker] of this.#workers.entries()) {
      if (this.#stuck) void worker.terminate();
      else {
        c.openGate(this.control, thread, c.Gate.leave);
        giveBack(worker);
      }
    }
    this.#workers.length = 0;
  }

  #reset(kill: Kill | null): void {
    const { control } = this;
    this.#shared.forEach((bytes, i) => bytes.set(this.#pristine[i]!));
    // The gates are closed and stay so; the log, script and waiters are written before they are read.
    control.fill(0, 0, c.scriptAt(0));
    control[c.LAST] = c.NOBODY;
    control[c.THREADS] = this.#threads.length;
    control[c.VICTIM] = kill?.victim ?? c.NOBODY;
    control[c.FATAL_TURN] = kill?.turn ?? c.NOBODY;
    control[c.KILLED_AT] = c.NOBODY;
    control[c.PLAIN_STEPS] = this.#rules.plainSteps ? 1 : 0;
    control[c.EARLY_TIMEOUTS] = this.#rules.earlyTimeouts ? 1 : 0;
    for (const [thread, { daemon, startsAfter }] of this.#threads.entries()) {
      const at = c.threadAt(thread);
      control[at + c.DAEMON] = daemon === true ? 1 : 0;
      control[at + c.STARTS_AFTER] = this.#threads.findIndex(({ name }) => name === startsAfter);
    }
    if (kill?.turn === 0) {
      control[c.threadAt(kill.victim) + c.STATE] = c.State.killed;
      control[c.KILLED_AT] = 0;
    }
  }

  #awaitBaton(): void {
    for (let looks = 0; looks < LOOKS; looks++) if (Atomics.load(this.control, c.DONE) === 1) return;
    // In a loop: the notify() of the schedule before, whose end was seen while still looking, may come only now.
    while (Atomics.load(this.control, c.DONE) === 0) {
      if (Atomics.wait(this.control, c.DONE, 0, STUCK_MS) !== 'timed-out') continue;
      this.#stuck = true;
      throw new Error(`Cannot go on: a thread came neither to an operation nor to its end in ${STUCK_MS} ms`);
    }
  }

  #resultBytes(thread: number, length: number): Uint8Array {
    const start = thread * c.MAX_RESULT_BYTES;
    return this.#results.subarray(start, start + length);
  }
}
