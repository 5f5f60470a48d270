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

/** The form in which a CancelToken is sent. */
export interface CancelTokenWire extends SharedObjectWire {
  readonly kind: 'CancelToken';
}

const STATE = 0;
/** The thread (id + 1) that writes the reason, or has written it; 0: nobody. */
const WRITER = 1;
const SIZE = 2;
const REASON_AT_BYTES = 16;
/** Room for the reason and its stack, in bytes. A larger reason is sent as a line of text. Arbitrary. */
const REASON_BYTES = 4096 - REASON_AT_BYTES;

const LIVE = 0;
const CANCELLED = 1;
/** Cancelled, without a reason to read. */
const CANCELLED_ONLY = 2;

/**
 * Tells any number of threads that something is not wanted any more. It can be sent to any thread, also as an argument
 * of `runInExecutor()`. A computation that gives its loop no turn should read `cancelled` now and then, which is one
 * atomic load.
 *
 * The thread that has made itself WRITER writes the reason, and then STATE says that the reason is there. A thread that
 * cancels while another is writing does not wait for it: it cancels without a reason. So a thread that ends while it
 * writes blocks nobody.
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

  /** The token that `toWire()` was called on. @throws {TypeError} ERR_INVALID_ARG_TYPE when `wire` is something else */
  static fromWire(wire: unknown): CancelToken {
    return revive(wireOf<CancelTokenWire>('CancelToken', wire));
  }

  /** The token in a form that `postMessage` and `workerData` can carry. */
  toWire(): object {
    return { [WIRE]: this[WIRE] };
  }

  /** Whether it was cancelled, by any thread. One atomic load. */
  get cancelled(): boolean {
    return load(this.#words, STATE) !== LIVE;
  }

  /**
   * The reason why it was cancelled. Undefined while it is not cancelled, when no reason was given, and when two
   * threads cancelled at the same moment. Errors keep their class. A reason that cannot be sent, or is too large,
   * becomes a line of text.
   */
  get reason(): unknown {
    if (load(this.#words, STATE) !== CANCELLED) return undefined;
    const size = this.#words[SIZE] ?? 0; // written before STATE
    return decodeItem(Buffer.from(Buffer.from(this[WIRE].memory, REASON_AT_BYTES, size)));
  }

  /**
   * Cancels it. Returns false if it was cancelled before. Any thread may call it, with a loop or without.
   * @param reason an error, or anything else that can be sent
   */
  cancel(reason?: unknown): boolean {
    const first = this.#tryCancel(reason);
    // Notify even if it was cancelled before: the thread that did it may have ended before it notified anybody.
    notify(this.#words, STATE, Infinity);
    this.#abort();
    return first;
  }

  /** @throws {CancelledError} when it was cancelled; its `cause` is the reason */
  throwIfCancelled(): void {
    if (this.cancelled) throw this.#error();
  }

  /**
   * A signal of this thread, for APIs that take one. It is aborted with a CancelledError, whose `cause` is the reason:
   * at once when the token is cancelled in this thread, else in the thread's next turn. It does not keep the process
   * alive.
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

  /** For `util.inspect()` and `console.log()`. */
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

/** Each signal keeps its token alive: without the token, it would not learn of the cancellation. */
const tokens = new WeakMap<AbortSignal, CancelToken>();

function revive(wire: CancelTokenWire): CancelToken {
  return sharedObjectOf(wire, CancelToken, () => new CancelToken(wire));
}

registerSendable<CancelTokenWire>('CancelToken', CancelToken, revive);
