import { runOnGround } from './context.js';
import type { SlowCallbacks } from './debug/slow-callbacks.js';
import { forgetAsked } from './future.js';
import type { Host } from './ports/host.js';
import type { Inbox } from './ports/inbox.js';
import { type Ready, type ReadyQueue, RUN } from './ready-queue.js';
import type { Stopping } from './stopping.js';
import type { TimerHandle } from './timer-handle.js';
import type { TimerHeap } from './timer-heap.js';

/**
 * How long calls from other threads may run in one iteration before I/O and timers get their turn, in seconds.
 * Arbitrary.
 */
const SHARE_OF_CALLS = 0.002;

/** The parts of a loop that its turns use. */
export interface TurnParts {
  readonly host: Host;
  readonly ready: ReadyQueue;
  readonly timers: TimerHeap<TimerHandle>;
  readonly stopping: Stopping;
  readonly slowCallbacks: SlowCallbacks;
  /** Queues the handles of I/O events. */
  readonly pollEvents: () => void;
  readonly isRunning: () => boolean;
  /** Called when the run is over. */
  readonly finish: (exc: Error | null) => void;
}

/** The turns that a loop takes in its host's loop: one iteration in each, and rest between them. */
export class Turn {
  readonly #parts: TurnParts;
  readonly #ready: ReadyQueue;
  readonly #host: Host;
  /** Null until the loop has opened it, or if the loop has none. */
  inbox: Inbox | null = null;
  /** Debug mode. A field of its own because it is read for each entry. */
  debug: boolean;
  /** Whether no turn need be requested, because one is coming or the loop does not run. */
  #coming = true;
  /** Whether this run has collected events yet. */
  #hasCollected = false;
  /**
   * The time at which calls from other threads have used up their share of this iteration, in seconds. Null: they have
   * not asked yet.
   */
  #shareEnds: number | null = null;
  /** The position of the ready queue before the last batch. */
  #batchBegan = 0;
  /**
   * Whether the last iteration ended before its batch did. Then events and timers come before the rest of the batch.
   */
  #cutShort = false;

  constructor(parts: TurnParts, debug: boolean) {
    this.#parts = parts;
    this.debug = debug;
    this.#ready = parts.ready;
    this.#host = parts.host;
  }

  /** Whether a turn will come without being requested. */
  get isComing(): boolean {
    return this.#coming;
  }

  /** Begins a run. */
  begin(): void {
    this.#hasCollected = false;
    this.#host.start(this.take);
    this.#host.requestTurn();
  }

  /** Called when something was scheduled: a sleeping loop needs a turn to see it. */
  comeAround(): void {
    if (this.#coming) return;
    this.#coming = true;
    this.#host.requestTurn();
  }

  /** Called when the last batch of this run is over. The run itself is over in the next turn. */
  end(exc: Error | null): void {
    this.#parts.stopping.end(exc);
    this.#coming = true;
    this.#host.requestTurn();
  }

  /** Called when the run is over: no turn need be requested any more. */
  over(): void {
    this.#coming = true;
  }

  /** Queues an entry that has begun, but not finished, before all others, and ends the iteration. */
  putBack(entry: Ready): void {
    this.#ready.unshift(entry);
    this.#cutShort = true;
  }

  /** False: calls from other threads have used up their share of this iteration. */
  mayGoOn(): boolean {
    const now = this.#host.time();
    this.#shareEnds ??= now + SHARE_OF_CALLS;
    return now < this.#shareEnds;
  }

  // Takes one turn. A task may have requested it, but nothing that runs or is scheduled in it is part of that task.
  readonly take = (): void => runOnGround(this.#iterate);

  /** One iteration: calls from other threads, I/O events, due timers, then the handles that were ready by then. */
  readonly #iterate = (): void => {
    const { stopping } = this.#parts;
    forgetAsked();
    this.#coming = true;
    if (stopping.ending !== null) {
      this.#parts.finish(stopping.ending.exc);
      return;
    }
    try {
      const eventsFirst = this.#cutShort;
      this.#cutShort = false;
      this.#shareEnds = null;
      if (stopping.mayCollect(this.#hasCollected)) this.#collect(eventsFirst);
      this.#runBatch();
    } catch (thrown) {
      // Handles catch what callbacks throw, except errors that are meant to end the loop. Anything else is a bug of
      // ours.
      this.end(thrown as Error);
      return;
    }
    if (stopping.isDone(this.#ready.head)) this.end(null);
    else if (this.#ready.head < this.#ready.tail) this.#host.requestTurn();
    else this.#host.afterReactions(this.#rest); // promise reactions may schedule something
  };

  #collect(eventsFirst: boolean): void {
    this.#hasCollected = true;
    this.inbox?.drain();
    const first = this.#ready.tail;
    this.#parts.pollEvents();
    this.#queueDueTimers();
    if (eventsFirst) this.#ready.moveToFront(first);
  }

  #queueDueTimers(): void {
    const { timers } = this.#parts;
    if (timers.size === 0) return;
    const now = this.#host.time();
    let due: TimerHandle | null;
    while ((due = timers.popDue(now)) !== null) this.#ready.push(due);
  }

  #runBatch(): void {
    const { slowCallbacks, stopping } = this.#parts;
    const ready = this.#ready;
    const end = stopping.endOfBatch(ready.tail);
    this.#batchBegan = ready.head;
    while (ready.head < end && !this.#cutShort) {
      const entry = ready.shift();
      if (this.debug) slowCallbacks.run(entry);
      else entry[RUN]();
    }
    if (this.debug) slowCallbacks.batchEnded();
  }

  /**
   * Called after an iteration that left nothing to run. Sleeps until a deadline, an event or a call of another thread,
   * unless something has come meanwhile.
   */
  readonly #rest = (): void => {
    const { isRunning, stopping, timers } = this.#parts;
    if (!isRunning() || stopping.ending !== null) return;
    // A promise reaction of this iteration may have stopped the loop.
    if (stopping.isRequested || this.#ready.head < this.#ready.tail) {
      this.#host.requestTurn();
      return;
    }
    const isQuiet = this.#batchBegan === this.#ready.head;
    const parked = this.inbox?.park(isQuiet) ?? 'asleep';
    if (parked === 'asleep') {
      this.#coming = false;
      this.#host.sleepUntil(timers.nextDeadline());
    } else if (parked === 'signalled' && isQuiet) this.take();
    else this.#host.requestTurn();
  };
}
