import { BaseEventLoop, currentTask, Future, Task, VirtualHost } from '@ringloop/core';
import { isMoment, type Moment, MOMENTS } from '../grammar/moment.js';
import type { Objects } from '../grammar/program.js';
import type { Interpreters } from './interpreters.js';
import { SharedObjects } from './shared-objects.js';
import { reportText, show } from './show.js';

/** What happened: when, in which iteration of the loop, in which body, what, and what came of it. */
export type Event = readonly [time: number, iteration: number, actor: string, what: string, outcome: string];

/**
 * What coroutines are: generators, which are stepped as CPython steps its coroutines; async functions, whose code behind an
 * `await` is a promise reaction; or every other task the one and the other.
 */
export type Flavour = 'generator' | 'async' | 'mixed';

/** Steps of a coroutine of the interpreter. What they are sent is what they yielded for. */
export type Steps<T> = Generator<unknown, T, unknown>;

/** A loop in virtual time that counts its iterations. */
export class CountingLoop extends BaseEventLoop {
  iterations = 0;

  constructor() {
    super({ host: new VirtualHost({ autojump: true }), debug: false });
  }

  protected override pollEvents(): void {
    this.iterations++;
  }
}

/** What one program sees while it runs: the loop, its named objects, the trace. The twin of oracle/world.py. */
export class World {
  readonly loop: CountingLoop;
  readonly flavour: Flavour;
  readonly interpreters: Interpreters;
  readonly shared: SharedObjects;
  readonly slots = new Map<string, unknown>();
  readonly doneCallbacks = new Map<string, (future: Future<unknown>) => void>();
  readonly trace: Event[] = [];
  bumps = 0;
  finished = false;
  readonly #asyncTasks = new Set<Task<unknown>>();
  #coroutines = 0;
  readonly #ranks = new Map<Future<unknown>, number>();
  #nextRank = 0;

  constructor(loop: CountingLoop, objects: Objects, flavour: Flavour, interpreters: Interpreters) {
    this.shared = new SharedObjects(objects);
    this.loop = loop;
    this.flavour = flavour;
    this.interpreters = interpreters;
    for (const slot of ['f0', 'f1', 'f2']) this.slots.set(slot, this.loop.createFuture());
    this.loop.setExceptionHandler((_, context) => {
      const text = reportText(context);
      if (text !== null) this.note('loop', 'report', text);
    });
  }

  note(actor: string, what: string, outcome: unknown): void {
    if (!this.finished) {
      this.trace.push([this.loop.time(), this.loop.iterations, actor, what, show(outcome)]);
    }
  }

  /** What is in the slot; something that is done if it is still empty. */
  future(slot: string): Future<unknown> {
    const found = this.slots.get(slot);
    if (found instanceof Future) return found;
    const nobody = this.loop.createFuture();
    nobody.setResult('nobody');
    return nobody;
  }

  /** As `future()`, and null for `self` outside of tasks. */
  someone(slot: string): Future<unknown> | null {
    return slot === 'self' ? currentTask(this.loop) : this.future(slot);
  }

  /** From now to a deadline, see grammar/moment.ts. */
  delay<D extends number | null>(delay: D | Moment): D | number {
    if (!isMoment(delay)) return delay;
    const now = this.loop.time();
    return Math.floor(now + Math.max(delay.after, 0)) + 1 + delay.moment / MOMENTS - now;
  }

  when<D extends number | null>(when: D | Moment): D | number {
    if (!isMoment(when)) return when;
    return Math.floor(Math.max(when.after, this.loop.time())) + 1 + when.moment / MOMENTS;
  }

  /** Whether the next coroutine shall be an async function. */
  chooseAsync(): boolean {
    return this.flavour === 'async' || (this.flavour === 'mixed' && ++this.#coroutines % 2 === 1);
  }

  /** Notes what the task is that is running. */
  enter(isAsync: boolean): void {
    const task = currentTask(this.loop);
    if (task === null) return;
    this.rank(task);
    if (isAsync) this.#asyncTasks.add(task);
  }

  /** Whether the task that is running is an async function. */
  isAsync(): boolean {
    const task = currentTask(this.loop);
    return task !== null && this.#asyncTasks.has(task);
  }

  takeRank(): number {
    return ++this.#nextRank;
  }

  /** Tasks are ranked in the order in which they appear, see mayAwait(). */
  rank(future: Future<unknown>): number {
    const rank = this.#ranks.get(future) ?? this.takeRank();
    this.#ranks.set(future, rank);
    return rank;
  }

  setRank(future: Future<unknown>, rank: number): void {
    this.#ranks.set(future, rank);
  }

  /** A task awaits younger ones only: where tasks await each other in a circle, cancel() has no end in CPython. */
  mayAwait(rank: number): boolean {
    const task = currentTask(this.loop);
    return !(task instanceof Task) || rank > this.rank(task);
  }
}
