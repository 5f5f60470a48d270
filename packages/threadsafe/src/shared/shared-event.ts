import { inspect } from 'node:util';
import type { Awaitable, CoroutineGenerator } from '@ringloop/core';
import { SETTLED_TRUE, startCoroutine } from '@ringloop/core/internal';
import { cas, load, notify } from '#atomics';
import { registerSendable, type Sendable, WIRE } from '../codec/sendable.js';
import { parkInLoop } from './park-in-loop.js';
import {
  newSharedId,
  registerSharedObject,
  REPAIR,
  type Repairable,
  sharedObjectOf,
  type SharedObjectWire,
  wireOf,
} from './shared-object.js';
import type { Sleep } from './wait-queue.js';
import { WordWaiters } from './word-waiters.js';

/** The form in which a SharedEvent is sent. */
export interface SharedEventWire extends SharedObjectWire {
  readonly kind: 'SharedEvent';
}

/**
 * Index of the only word. Bit 0 says whether the flag is up; the other bits count how often it was raised, modulo 2^31.
 */
const FLAG = 0;
const UP = 1;
const RAISED_ONCE_MORE = 2;

/**
 * A flag that loops of several threads share and wait for. It can be sent to any thread, where it arrives as the same
 * flag. Python: asyncio.Event.
 *
 * A waiter remembers the word that it saw. If the flag is raised and lowered before the waiter looks again, the word
 * has still changed. If a thread ends between raising the flag and waking the waiters, the threads that learn of its
 * end wake them.
 */
export class SharedEvent implements Repairable, Sendable<SharedEventWire> {
  /** @internal */
  readonly [WIRE]: SharedEventWire;
  readonly #words: Int32Array;
  readonly #watch: WordWaiters;

  /** @param over where the flag is, for `fromWire()` */
  constructor(over?: SharedEventWire) {
    const memory = over?.memory ?? new SharedArrayBuffer(4);
    this[WIRE] = { kind: 'SharedEvent', id: over?.id ?? newSharedId(), memory };
    this.#words = new Int32Array(memory);
    this.#watch = new WordWaiters(this.#words, FLAG);
    registerSharedObject(this, this[WIRE]);
  }

  /** The event that `toWire()` was called on. @throws {TypeError} ERR_INVALID_ARG_TYPE when `wire` is something else */
  static fromWire(wire: unknown): SharedEvent {
    return revive(wireOf<SharedEventWire>('SharedEvent', wire));
  }

  /** The event in a form that `postMessage` and `workerData` can carry. */
  toWire(): object {
    return { [WIRE]: this[WIRE] };
  }

  /** Whether the flag is raised. One atomic load. Python: Event.is_set(). */
  isSet(): boolean {
    return (load(this.#words, FLAG) & UP) !== 0;
  }

  /**
   * Raises the flag. All waiters continue, in every thread, even if it is lowered before they do. Any thread may call
   * it, with a loop or without. Python: Event.set().
   */
  set(): void {
    while (true) {
      const flag = load(this.#words, FLAG);
      if ((flag & UP) !== 0) return;
      if (cas(this.#words, FLAG, flag, (flag + RAISED_ONCE_MORE) | UP) === flag) break;
    }
    notify(this.#words, FLAG, Infinity);
  }

  /** Lowers the flag. Any thread may call it, with a loop or without. Python: Event.clear(). */
  clear(): void {
    while (true) {
      const flag = load(this.#words, FLAG);
      if ((flag & UP) === 0 || cas(this.#words, FLAG, flag, flag & ~UP) === flag) return;
    }
  }

  /**
   * Waits until the flag is raised. Python: Event.wait().
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, when it must wait
   */
  wait(): Awaitable<true> {
    return this.isSet() ? SETTLED_TRUE : startCoroutine(this.waiting(parkInLoop));
  }

  /** @internal */
  *waiting(park: () => Sleep): CoroutineGenerator<true> {
    const seen = load(this.#words, FLAG);
    if ((seen & UP) === 0) yield* this.#watch.untilChanged(seen, park);
    return true;
  }

  /** @internal */
  [REPAIR](): void {
    notify(this.#words, FLAG, Infinity); // a waiter whose word has not changed waits again
  }

  /** For `util.inspect()` and `console.log()`. Waiters are those of this thread. */
  [inspect.custom](): string {
    const waiting = this.#watch.size > 0 ? `, waiters:${this.#watch.size}` : '';
    return `<SharedEvent [${this.isSet() ? 'set' : 'unset'}${waiting}]>`;
  }
}

function revive(wire: SharedEventWire): SharedEvent {
  return sharedObjectOf(wire, SharedEvent, () => new SharedEvent(wire));
}

registerSendable<SharedEventWire>('SharedEvent', SharedEvent, revive);
