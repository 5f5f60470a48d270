import { inspect } from 'node:util';
import { type Awaitable, CancelledError, type CoroutineGenerator } from '@ringloop/core';
import { abort, newAbortController, SETTLED_TRUE, startCoroutine } from '@ringloop/core/internal';
import { cas, load, notify } from '#atomics';
import { thisProducer } from '../memory/inbox-memory.js';
import { registerSendable, type Sendable, WIRE } from '../codec/sendable.js';
import { decodeItem, encodeReason } from './item-codec.js';
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

/** What a CancelToken is while it crosses. */
export interface CancelTokenWire extends SharedObjectWire {
  readonly kind: 'CancelToken';
}

const STATE = 0;
/** The thread (id + 1) that writes the reason, or has; 0: nobody. */
const WRITER = 1;
const SIZE = 2;
const REASON_AT_BYTES = 16;
/** The reason, with its stack, as bytes. What is larger is sent as a line of text. Arbitrary. */
const REASON_BYTES = 4096 - REASON_AT_BYTES;

const LIVE = 0;
const CANCELLED = 1;
/** Cancelled, and no reason to read. */
const CANCELLED_ONLY = 2;

/**
 * Says to any number of threads that something is not wanted any more. It can be sent to any thread, also as an argument of
 * `runInExecutor()`; a computation that gives its loop no turn asks `cancelled` now and then, which is one atomic load.
 *
 * The reason is written before STATE says that it is there, by the one thread that has made itself WRITER. Who cancels while
 * another is writing does not wait for it: cancelled without a reason is cancelled. So a thread that ends while it writes is in
 * nobody's way.
 */
export class CancelToken implements Repairable, Sendable<CancelTokenWire> {
  /** @internal */
  readonly [WIRE]: CancelTokenWire;
  readonly #words: Int32Array;
  readonly #watch: WordWaiters;
  #controller: AbortController | null = null;

  /** @param over where the token is, for `fromWire()` */
  constructor(over?: CancelTokenWire) {
    const memory = over?.memory ?? new SharedArrayBuffer(REASON_AT_BYTES + REASON_BYTES);
    this[WIRE] = { kind: 'CancelToken', id: over?.id ?? newSharedId(), memory };
    this.#words = new Int32Array(memory);
    this.#watch = new WordWaiters(this.#words, STATE);
    registerSharedObject(this, this[WIRE]);
  }

  /** The token that `toWire()` made a form of. @throws {TypeError} ERR_INVALID_ARG_TYPE when it is something else */
  static fromWire(wire: unknown): CancelToken {
    return revive(wireOf<CancelTokenWire>('CancelToken', wire));
  }

  /** A form that `postMessage` and `workerData` can carry. */
  toWire(): object {
    return { [WIRE]: this[WIRE] };
  }

  /** Whether it was cancelled, by any thread. One atomic load. */
  get cancelled(): boolean {
    return load(this.#words, STATE) !== LIVE;
  }

  /**
   * Why it was cancelled; undefined while it is not, when no reason was given, and when two threads cancelled in the same moment.
   * An error is sent as errors are; what cannot be sent, or is too large, is a line of text.
   */
  get reason(): unknown {
    if (load(this.#words, STATE) !== CANCELLED) return undefined;
    const size = this.#words[SIZE] ?? 0; // written before STATE
    return decodeItem(Buffer.from(Buffer.from(this[WIRE].memory, REASON_AT_BYTES, size)));
  }

  /**
   * Cancels it, and returns whether it was not before. For any thread, with a loop or without.
   * @param reason an error, or anything else that can be sent
   */
  cancel(reason?: unknown): boolean {
    const first = this.#tryCancel(reason);
    // Also when it was cancelled before: who did may have ended before it told anybody.
    notify(this.#words, STATE, Infinity);
    this.#abort();
    return first;
  }

  /** @throws {CancelledError} when it was cancelled; its `cause` is the reason */
  throwIfCancelled(): void {
    if (this.cancelled) throw this.#error();
  }

  /**
   * A signal of this thread, for APIs that take one: it is aborted with a CancelledError, whose `cause` is the reason, when the
   * token is cancelled here, or when the thread's next turn comes. It does not keep the process alive.
   */
  get signal(): AbortSignal {
    if (this.#controller !== null) return this.#controller.signal;
    const controller = newAbortController();
    this.#controller = controller;
    tokens.set(controller.signal, this);
    if (!this.#watch.listen(LIVE, () => this.#heed())) this.#abort();
    return controller.signal;
  }

  /**
   * Waits until it is cancelled.
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, when it must wait
   */
  wait(): Awaitable<true> {
    return this.cancelled ? SETTLED_TRUE : startCoroutine(this.waiting(parkInLoop));
  }

  /** @internal */
  *waiting(park: () => Sleep): CoroutineGenerator<true> {
    yield* this.#watch.untilChanged(LIVE, park);
    return true;
  }

  /** @internal */
  [REPAIR](): void {
    notify(this.#words, STATE, Infinity);
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<CancelToken [${this.cancelled ? 'cancelled' : 'not cancelled'}]>`;
  }

  #tryCancel(reason: unknown): boolean {
    const words = this.#words;
    if (this.cancelled) return false;
    if (reason === undefined) return cas(words, STATE, LIVE, CANCELLED_ONLY) === LIVE;
    const bytes = encodeReason(reason, REASON_BYTES);
    if (cas(words, WRITER, 0, thisProducer) !== 0) return cas(words, STATE, LIVE, CANCELLED_ONLY) === LIVE;
    Buffer.from(this[WIRE].memory, REASON_AT_BYTES).set(bytes);
    words[SIZE] = bytes.byteLength;
    return cas(words, STATE, LIVE, CANCELLED) === LIVE;
  }

  #error(): CancelledError {
    const { reason } = this;
    return new CancelledError(
      'The token was cancelled',
      reason === undefined ? undefined : { cause: reason },
    );
  }

  #heed(): void {
    if (this.cancelled) this.#abort();
    else if (!this.#watch.listen(LIVE, () => this.#heed())) this.#abort();
  }

  #abort(): void {
    if (this.#controller !== null && !this.#controller.signal.aborted) abort(this.#controller, this.#error());
  }
}

/** Whoever has a signal keeps its token, which would not hear of being cancelled otherwise. */
const tokens = new WeakMap<AbortSignal, CancelToken>();

function revive(wire: CancelTokenWire): CancelToken {
  return sharedObjectOf(wire, CancelToken, () => new CancelToken(wire));
}

registerSendable<CancelTokenWire>('CancelToken', CancelToken, revive);
