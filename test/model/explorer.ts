/**
 * The interleaving explorer: runs a few threads over shared buffers in every possible order of their atomic operations.
 *
 * The threads are real workers under the model seam (`#atomics` with `--conditions=model`), so what is explored is the
 * production code. What a schedule is and who decides: control.ts. In which order schedules are tried: depth-first.ts.
 *
 * Programs must be deterministic and bounded: no clock, no randomness, no spinning until another thread has moved. A loop
 * that retries only when another thread came between is bounded by `preemptions`.
 * Plain accesses are not scheduled by themselves: they move with the operation before them. So a byte written after it was
 * published goes unnoticed, unless `plainSteps` makes the code after each operation a step of its own.
 */
import assert from 'node:assert/strict';
import * as c from './control.js';
import { DepthFirst } from './depth-first.js';
import { Session, type Buffers, type Kill } from './session.js';
import { describeSchedule, describeState, type TraceNames, type WordNames } from './trace.js';

export type { ModelThread } from './worker.js';

export interface ThreadDescription {
  readonly name: string;
  /** URL of the compiled module. */
  readonly module: URL | string;
  /** Name of the exported function: `(buffers, thread: ModelThread) => JSON value`, possibly async. */
  readonly program: string;
  /** Given to the program as `thread.input`, cloned. */
  readonly input?: unknown;
  /** May be asleep at the end of a schedule; otherwise that is a deadlock. */
  readonly daemon?: boolean;
  /** Starts only once the thread of this name has finished or was killed, like a listener of its 'exit'. */
  readonly startsAfter?: string;
}

export interface Outcome {
  /** What each thread returned, by name; undefined for one that did not come to its end. */
  readonly results: Readonly<Record<string, unknown>>;
  /** 'finished' | 'asleep' | 'killed' | 'not started', by name. */
  readonly states: Readonly<Record<string, string>>;
  readonly killed: string | null;
}

/** An interface of named buffers, index signature or not. */
export type BuffersOf<B> = { readonly [K in keyof B]: SharedArrayBuffer };

export interface Exploration<B extends BuffersOf<B>> {
  readonly threads: readonly ThreadDescription[];
  /** Makes the buffers. Called once: every schedule begins with the bytes restored to what it left. */
  readonly setup: () => B;
  /** Throws if an invariant does not hold at the end of a schedule. */
  readonly check?: (buffers: B, outcome: Outcome) => void;
  readonly names?: WordNames;
  /** Most switches away from a thread that could have gone on; without it, every schedule. */
  readonly preemptions?: number;
  /** Also kills each of these threads, one a schedule, before each of its operations. */
  readonly kill?: readonly string[];
  /** Exploring fails beyond this many; nothing is left out silently. */
  readonly maxSchedules?: number;
  /** Runs one schedule of all that differ only in the order of independent steps. Not with `preemptions`. */
  readonly reduce?: boolean;
  /** Makes the plain code after each operation a step of its own. */
  readonly plainSteps?: boolean;
  /** Lets a timed `wait` time out at any moment, not only when no other thread can go on. */
  readonly earlyTimeouts?: boolean;
}

export interface Report {
  readonly schedules: number;
  /** How many of them had a thread killed. */
  readonly kills: number;
  readonly steps: number;
  readonly seconds: number;
}

/** A schedule that ended badly; the message shows it step by step. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
  /** How many schedules were run, this one included. */
  readonly schedules: number;
  readonly trace: string;

  constructor(problem: string, schedules: number, trace: string, cause?: unknown) {
    super(`${problem}, in schedule ${schedules}:\n${trace}`, { cause });
    this.schedules = schedules;
    this.trace = trace;
  }
}

const MAX_SCHEDULES = 100_000; // a few seconds; a test that needs more should be bounded or reduced instead

/** Runs every schedule. Rejects with a ScheduleError at the first that fails, deadlocks or does not pass `check`. */
export async function explore<B extends BuffersOf<B>>(exploration: Exploration<B>): Promise<Report> {
  const { threads, setup, names = {}, plainSteps = false, earlyTimeouts = false } = exploration;
  assertSensible(exploration);
  const buffers = setup();
  const named = buffers as Buffers; // BuffersOf says so; TypeScript wants an index signature
  const session = new Session(threads, named, { plainSteps, earlyTimeouts });
  const traceNames = {
    threads: threads.map(({ name }) => name),
    buffers: Object.keys(buffers),
    words: names,
  };
  try {
    await session.open(named);
    return new Explorer(exploration, buffers, session, traceNames).runAll();
  } finally {
    session.close();
  }
}

function assertSensible<B extends BuffersOf<B>>({
  threads,
  kill = [],
  reduce,
  preemptions,
}: Exploration<B>): void {
  const names = threads.map(({ name }) => name);
  const mentioned = [...kill, ...threads.flatMap(({ startsAfter }) => startsAfter ?? [])];
  assert(names.length > 0 && names.length <= c.MAX_THREADS, `Cannot explore ${names.length} threads`);
  assert(new Set(names).size === names.length, `Cannot explore: two threads of one name in ${names.join()}`);
  for (const name of mentioned) assert(names.includes(name), `Cannot explore: no thread is named "${name}"`);
  // A bounded walk may skip the one representative that sleep sets leave.
  assert(
    reduce !== true || preemptions === undefined,
    'Cannot explore: reduce and preemptions exclude each other',
  );
}

class Explorer<B extends BuffersOf<B>> {
  readonly #exploration: Exploration<B>;
  readonly #buffers: B;
  readonly #session: Session;
  readonly #names: TraceNames;
  /** Most turns each thread asked for without a kill. */
  readonly #turns: number[];
  #schedules = 0;
  #kills = 0;
  #steps = 0;

  constructor(exploration: Exploration<B>, buffers: B, session: Session, names: TraceNames) {
    this.#exploration = exploration;
    this.#buffers = buffers;
    this.#session = session;
    this.#names = names;
    this.#turns = names.threads.map(() => 0);
  }

  runAll(): Report {
    const started = process.hrtime.bigint();
    this.#walk(null);
    for (const name of this.#exploration.kill ?? []) {
      const victim = this.#names.threads.indexOf(name);
      for (let turn = 0; turn < this.#turns[victim]!; turn++) this.#walk({ victim, turn });
    }
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    return { schedules: this.#schedules, kills: this.#kills, steps: this.#steps, seconds };
  }

  /** Runs every schedule without a kill, or every one with this kill. */
  #walk(kill: Kill | null): void {
    const { preemptions = Infinity, reduce = false, maxSchedules = MAX_SCHEDULES } = this.#exploration;
    const { control } = this.#session;
    const search = new DepthFirst(preemptions, reduce);
    do {
      const ending = this.#session.run(kill, (words) => search.prescribe(words));
      search.learn(control);
      // Without its kill it is one of the first walk's; a redundant one was cut short.
      const counts = ending !== c.Ending.redundant && (kill === null || control[c.KILLED_AT] !== c.NOBODY);
      if (counts) {
        this.#schedules++;
        if (kill !== null) this.#kills++;
        this.#steps += control[c.STEPS]!;
        this.#judge(ending);
        if (kill === null) this.#noteTurns();
      }
      this.#session.unwind();
      if (this.#schedules > maxSchedules)
        throw new Error(`Cannot finish exploring: more than ${maxSchedules} schedules`);
    } while (search.advance());
  }

  #judge(ending: number): void {
    if (ending === c.Ending.deadlock) this.#fail('Deadlock');
    if (ending === c.Ending.endless) this.#fail(`No end after ${c.MAX_STEPS} steps`);
    if (ending === c.Ending.failed) {
      const failed = this.#names.threads.findIndex(
        (_, thread) => describeState(this.#session.control, thread) === 'failed',
      );
      this.#fail(`Thread "${this.#names.threads[failed]!}" threw ${String(this.#session.result(failed))}`);
    }
    try {
      this.#exploration.check?.(this.#buffers, this.#outcome());
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error), error);
    }
  }

  #fail(problem: string, cause?: unknown): never {
    const trace = describeSchedule(this.#session.control, this.#names);
    this.#session.unwind();
    throw new ScheduleError(problem, this.#schedules, trace, cause);
  }

  #outcome(): Outcome {
    const { control } = this.#session;
    const byThread = <T>(value: (thread: number) => T) =>
      Object.fromEntries(this.#names.threads.map((name, thread) => [name, value(thread)]));
    return {
      results: byThread((thread) => this.#session.result(thread)),
      states: byThread((thread) => describeState(control, thread)),
      killed: control[c.KILLED_AT] === c.NOBODY ? null : this.#names.threads[control[c.VICTIM]!]!,
    };
  }

  #noteTurns(): void {
    for (const thread of this.#turns.keys()) {
      const at = c.threadAt(thread);
      // One that is asleep at the end has asked for a turn that it never got.
      const asked =
        this.#session.control[at + c.TURNS]! +
        (this.#session.control[at + c.STATE] === c.State.asleep ? 1 : 0);
      this.#turns[thread] = Math.max(this.#turns[thread]!, asked);
    }
  }
}
