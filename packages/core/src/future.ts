import type { AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import { Attachment, type Reactions, type Resolver } from './attachment.js';
import { AwaitSide } from './await-side.js';
import type { Awaiter } from './awaiter.js';
import type { Awaitable } from './awaitable.js';
import { checkCallback } from './check-callback.js';
import { captureContext } from './context.js';
import { creationSite, creationStack } from './debug/creation-stack.js';
import { discard } from './discarding.js';
import { currentAwaiter } from './current-task.js';
import { cancelledError, type CancelledError, InvalidStateError, toError, typeError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { Handle } from './handle.js';
import { inspectPart } from './debug/inspect-safely.js';
import {
  ADD_WAITER,
  ASKED,
  CALLBACK,
  ENQUEUE,
  IN_CIRCLE,
  INTERRUPT,
  IS_AWAITED,
  REMOVE_WAITER,
  SETTLE_PROMISE,
  THEN,
  UNRETRIEVED,
  WAITS,
} from './loop-internals.js';
import { isNativeResolver } from './native-resolver.js';
import { nameOfClass, prepareClass, PREPARED, type Preparable } from './promise-class.js';
import { type Ready, RUN } from './ready-queue.js';

export type FutureState = 'pending' | 'finished' | 'failed' | 'cancelled';

/** Called with the future, once, in an iteration after it was settled. */
export type DoneCallback<T> = (future: Future<T>) => unknown;

/** What `addDoneCallback()` can be told. */
export interface DoneCallbackOptions {
  /** What AsyncLocalStorages hold in the callback; by default what they hold when it is added. */
  readonly context?: AsyncResource;
}

/**
 * Whom the engine has asked for its constructor last, and for whom, until it is seen what for: before a combinator, or
 * Promise.resolve(), calls `then`, it asks as an `await` does. Two are not to be told apart from that, `helper(f); f.then(g)` where
 * the helper awaits `f`, and so a mistake costs no more than that the task does not know of this await.
 */
let asked: Future<unknown> | null = null;
let askedFor: Awaiter | null = null;

/** Other code comes now: whatever has been asked was for an await. */
export function forgetAsked(): void {
  asked = null;
  askedFor = null;
}

// What the engine gives to whoever makes a promise: one function for all, for a closure each would cost as much as the promise.
let resolveNew: Resolver | null = null;
let rejectNew: Resolver | null = null;
function takeResolvers(resolve: (value: never) => void, reject: Resolver): void {
  resolveNew = resolve as Resolver; // what the future is given is a T
  rejectNew = reject;
}

/** Where futures were created that were created in debug mode. */
const origins = new WeakMap<Future<unknown>, string>();

/** How the promise of a future stands that is settled: as the future is, or otherwise. */
type PromiseState = 'settled' | 'overruled';

/**
 * A result that is not there yet. Its callbacks run in the loop, never within the call that settles it. Async functions
 * `await` it, generator coroutines `yield*` it. Python: asyncio.Future.
 *
 * It is a promise, so that it can be given wherever one is wanted, and so that an `await` can be seen: the engine asks it for its
 * `constructor` and, content with the answer, waits without calling `then` (see promise-class.ts). The promise is settled only
 * when somebody awaits: a failure that nobody asks for is reported by the loop, not by Node.
 */
export class Future<T> extends Promise<T> implements Awaitable<T> {
  readonly #loop: BaseEventLoop;
  readonly #resolve: Resolver;
  readonly #reject: Resolver;
  /** Its awaits, which stand among the waiters; then what has become of its promise. */
  #awaits: AwaitSide | PromiseState | null = null;
  #state: FutureState = 'pending';
  /** By state: nothing, the result, the exception, the message of the cancellation. */
  #outcome: unknown = undefined;
  /** What is queued when the future is done: most have one waiter. */
  #waiters: Ready | Ready[] | null = null;
  #unretrieved = false;

  /** By `loop.createFuture()`; what Promise can do as a class (`Promise.all`) is Promise's alone. */
  constructor(loop: BaseEventLoop) {
    super(takeResolvers);
    this.#resolve = resolveNew as unknown as Resolver; // takeResolvers() has been called
    this.#reject = rejectNew as unknown as Resolver;
    resolveNew = rejectNew = null; // they hold on to the promise
    if (typeof loop === 'function') {
      throw typeError('A Future is made by loop.createFuture(), and has not the static methods of Promise');
    }
    if (new.target !== Future && (new.target as Preparable)[PREPARED] !== new.target)
      prepareClass(new.target);
    this.#loop = loop;
    if (loop.getDebug()) origins.set(this, creationStack());
  }

  /** Python: Future.get_loop(). */
  getLoop(): BaseEventLoop {
    return this.#loop;
  }

  /** Whether there is a result, an exception or a cancellation. Python: Future.done(). */
  done(): boolean {
    return this.#state !== 'pending';
  }

  /** Python: Future.cancelled(). */
  cancelled(): boolean {
    return this.#state === 'cancelled';
  }

  /**
   * Python: Future.result().
   * @throws {InvalidStateError} while it is pending
   * @throws {CancelledError} when it was cancelled
   * @throws the exception it was given
   */
  result(): T {
    if (this.#state === 'finished') return this.#outcome as T; // setResult() took a T
    if (this.#state === 'pending') throw new InvalidStateError('Result is not ready.');
    throw this.#failure() as Error; // what a promise has rejected with may be anything
  }

  /**
   * The exception it was given, or null. Python: Future.exception().
   * @throws {InvalidStateError} while it is pending
   * @throws {CancelledError} when it was cancelled
   */
  exception(): Error | null {
    if (this.#state === 'finished') return null;
    if (this.#state === 'pending') throw new InvalidStateError('Exception is not set.');
    const failure = toError(this.#failure());
    if (this.#state === 'cancelled') throw failure;
    return failure;
  }

  /**
   * Python: Future.set_result().
   * @throws {InvalidStateError} when it is done
   */
  setResult(value: T): void {
    this.settle('finished', value);
  }

  /**
   * Python: Future.set_exception(). What is no Error becomes the `cause` of one.
   * @throws {InvalidStateError} when it is done
   */
  setException(exception: unknown): void {
    this.settle('failed', toError(exception));
  }

  /** Cancels it; false when it is done. Python: Future.cancel(). */
  cancel(message?: string): boolean {
    if (this.done()) return this.refuseCancel();
    this.settle('cancelled', message);
    return true;
  }

  /** Calls `callback(future)` in the loop once it is done. Python: Future.add_done_callback(). */
  addDoneCallback(callback: DoneCallback<T>, { context }: DoneCallbackOptions = {}): void {
    checkCallback(callback, 'addDoneCallback');
    const handle = new Handle(callback, [this], this.#loop, context ?? captureContext());
    Future.prototype[ADD_WAITER].call(this, handle); // callbacks always go through the ready queue
  }

  /** Removes all entries of `callback`, and returns how many there were. Python: Future.remove_done_callback(). */
  removeDoneCallback(callback: DoneCallback<T>): number {
    return this.#removeWaiters((waiter) => waiter instanceof Handle && waiter[CALLBACK] === callback);
  }

  /**
   * As of a promise. It returns a future. To cancel that, as a task does that awaits it, cancels this one if nobody else waits for
   * it; the reactions are told in any case. A task that does not await it leaves it alone.
   */
  override then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    const isCombined = asked === (this as Future<unknown>) && askedFor === currentAwaiter();
    if (isCombined) this.#wasNoAwait();
    if (!isNativeResolver(onFulfilled) || !isNativeResolver(onRejected)) {
      return this.#loop[THEN](this, onFulfilled, onRejected);
    }
    const reactions = { onFulfilled: onFulfilled as Resolver, onRejected: onRejected as Resolver };
    return this.#attach(reactions, isCombined) as Promise<never>; // what the engine's functions return, nobody wants to know
  }

  /** As of a promise. */
  override catch<R = never>(onRejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<T | R> {
    return this.then(undefined, onRejected);
  }

  /** As of a promise. */
  override finally(onFinally?: (() => void) | null): Promise<T> {
    if (typeof onFinally !== 'function') return this.then();
    const clean: () => unknown = onFinally; // it may give a promise, which is waited for
    return this.then(
      (value) => Promise.resolve(clean()).then(() => value),
      (reason: unknown) =>
        Promise.resolve(clean()).then(() => {
          throw reason as Error; // as it came
        }),
    );
  }

  /** What `yield*` calls in a generator coroutine. Python: Future.__await__(). */
  *[Symbol.iterator](): Generator<unknown, T> {
    if (!this.done()) yield this;
    return this.result();
  }

  /** @internal */
  override get [Symbol.toStringTag](): string {
    return 'Future';
  }

  /** Where it was created, as in an error's stack; undefined unless the loop was in debug mode. */
  get sourceTraceback(): string | undefined {
    return origins.get(this);
  }

  /** @internal */
  [ADD_WAITER](waiter: Ready): void {
    if (this.done()) this.#loop[ENQUEUE](waiter);
    else if (this.#waiters === null) this.#waiters = waiter;
    else if (Array.isArray(this.#waiters)) this.#waiters.push(waiter);
    else this.#waiters = [this.#waiters, waiter];
  }

  /** @internal */
  [REMOVE_WAITER](waiter: Ready): void {
    this.#removeWaiters((other) => other === waiter);
  }

  /** @internal */
  get [IS_AWAITED](): boolean {
    return this.#allWaiters().some((waiter) => {
      if (waiter instanceof Attachment) return !waiter.isOver;
      return !(waiter instanceof AwaitSide) || waiter.count > 0;
    });
  }

  /**
   * The engine wants to know the constructor: for an `await`, or what begins like one. With Promise for an answer it waits for this
   * very promise; with another one it calls `then`, in the same context, which can answer for this one await.
   * @internal
   */
  [ASKED](): unknown {
    const awaits = this.#awaits;
    if (awaits === 'overruled') return Future;
    if (this.done() && awaits instanceof AwaitSide) return Future; // others go on in their turn, this one at once
    const awaiter = currentAwaiter();
    if (!this.done() && awaiter !== null && !awaiter.mayWaitFor(this)) return Future;
    asked = this; // eslint-disable-line @typescript-eslint/no-this-alias -- until the next one
    askedFor = awaiter;
    if (this.done()) {
      if (awaits === null) this.#promiseSoon();
      return Promise;
    }
    const side = awaits instanceof AwaitSide ? awaits : new AwaitSide(this);
    side.begin(awaiter);
    if (awaits !== null) return Promise;
    this.#awaits = side;
    this[ADD_WAITER](side);
    return Promise;
  }

  /** @internal */
  [SETTLE_PROMISE](): void {
    forgetAsked();
    const side = this.#awaits as AwaitSide; // which has called
    const only = side.onlyAwaiter;
    if (only === null) for (const awaiter of side.awaiters()) awaiter.endAwait(this);
    else only.endAwait(this);
    // One await alone can be made to throw what the outcome is not: its task was cancelled after the future was done.
    const cancellation = only?.takeCancellation() ?? null;
    if (cancellation === null || this.cancelled()) this.#settlePromise();
    else {
      discard(this.#outcome);
      this.#overrule(cancellation);
    }
  }

  /** @internal */
  [INTERRUPT](error: CancelledError): boolean {
    const side = this.#awaits;
    const only = side instanceof AwaitSide ? side.onlyAwaiter : null;
    if (only === null) return false;
    this[REMOVE_WAITER](side as AwaitSide); // it has an awaiter
    only.endAwait(this);
    this.#overrule(error);
    return true;
  }

  /** @internal */
  get [IN_CIRCLE](): boolean {
    return false;
  }

  /** What it waits for, where it stands for code that waits; nothing while that waits for something of Node. @internal */
  [WAITS](): Future<unknown>[] | null {
    return null;
  }

  /** As `util.inspect()` and `console.log()` show it. */
  get [inspect.custom](): () => string {
    // Between this and the call, inspect() asks for the constructor, for its own purposes.
    const [before, beforeFor] = [asked, askedFor];
    const count = this.#awaitCount;
    return () => {
      while (this.#awaitCount > count) this.#wasNoAwait();
      [asked, askedFor] = [before, beforeFor];
      const origin = origins.get(this);
      const created = origin === undefined ? '' : ` created at ${creationSite(origin)}`;
      return `<${nameOfClass(this)} ${this.describe()}${created}>`;
    };
  }

  protected describe(): string {
    switch (this.#state) {
      case 'finished':
        return `finished result=${inspectPart(this.#outcome)}`;
      case 'failed': {
        return `finished exception=${describeError(this.#outcome)}`;
      }
      default:
        return this.#state;
    }
  }

  /**
   * The one place where the state changes; a pending future takes any of the others, and that is final.
   * @param outcome the result, the exception, or the message of the cancellation
   */
  protected settle(state: Exclude<FutureState, 'pending'>, outcome: unknown): void {
    if (this.#state !== 'pending') throw new InvalidStateError(`${this.#state}: ${inspect(this)}`);
    this.#state = state;
    this.#outcome = outcome;
    if (state === 'failed') {
      this.#unretrieved = true;
      this.#loop[UNRETRIEVED].add(this, toError(outcome)); // see exception()
    }
    const waiters = this.#waiters;
    this.#waiters = null;
    if (waiters === null) return;
    if (!Array.isArray(waiters)) this.wake(waiters);
    else for (const waiter of waiters) this.wake(waiter);
  }

  /** How a waiter learns that the future is done: in the next iteration. */
  protected wake(waiter: Ready): void {
    this.#loop[ENQUEUE](waiter);
  }

  /** The same for a future that is settled between iterations, as promises are: what waits for its promise goes on at once. */
  protected wakeAtOnce(waiter: Ready): void {
    if (waiter.settlesPromise === true) waiter[RUN]();
    else if (!this.#loop.isClosed()) this.#loop[ENQUEUE](waiter); // in a closed loop all wait for ever
  }

  /** What `cancel()` says when it comes too late. Who would have it cancelled does not care for its exception either. */
  protected refuseCancel(): false {
    this.retrieve();
    return false;
  }

  protected get hasWaiters(): boolean {
    return this.#waiters !== null;
  }

  /** It has failed, as a promise that nobody waits for: it is Node that tells. */
  protected rejectUnheard(): void {
    if (this.#awaits === null) this.#settlePromise();
  }

  /** From now on nobody need be told of its exception. */
  protected retrieve(): void {
    if (!this.#unretrieved) return;
    this.#unretrieved = false;
    this.#loop[UNRETRIEVED].delete(this);
  }

  #allWaiters(): readonly Ready[] {
    if (this.#waiters === null) return [];
    return Array.isArray(this.#waiters) ? this.#waiters : [this.#waiters];
  }

  #removeWaiters(matches: (waiter: Ready) => boolean): number {
    const before = this.#allWaiters();
    const after = before.filter((waiter) => !matches(waiter));
    this.#waiters = after.length === 0 ? null : after;
    return before.length - after.length;
  }

  #failure(): unknown {
    if (this.#state === 'cancelled') return cancelledError(this.#outcome as string | undefined); // see cancel()
    this.retrieve();
    return this.#outcome;
  }

  #attach(reactions: Reactions, isCombined: boolean): Promise<unknown> {
    const { onFulfilled, onRejected } = reactions;
    if (this.#state === 'finished') return Promise.resolve(this.#outcome).then(onFulfilled, onRejected);
    if (this.done()) return Promise.reject(this.#failure() as Error).catch(onRejected);
    const awaiter = currentAwaiter();
    const refusal = awaiter?.refusalOf(this) ?? null;
    if (refusal !== null) return Promise.reject(refusal).catch(onRejected);
    return new Attachment(this, awaiter, reactions, isCombined).result;
  }

  /** Who asked like an `await` went on to call `then`, or only looked. */
  #wasNoAwait(): void {
    forgetAsked();
    if (this.#awaits instanceof AwaitSide) this.#awaits.takeBack(currentAwaiter());
    else this.#handle();
  }

  /** Nobody may be awaiting its promise, who then is no reason for Node to end the process. */
  #handle(): void {
    void super.then(doNothing, doNothing);
    forgetAsked(); // it asks, too
  }

  get #awaitCount(): number {
    return this.#awaits instanceof AwaitSide ? this.#awaits.count : 0;
  }

  /** It is done, and somebody is about to await it. */
  #promiseSoon(): void {
    if (this.#state === 'finished') {
      this.#settlePromise();
      return;
    }
    // Rejected before it is awaited, and perhaps it is not, it would count as unhandled.
    const side = new AwaitSide(this);
    side.begin(null);
    this.#awaits = side;
    void RESOLVED.then(() => this[SETTLE_PROMISE]());
  }

  #settlePromise(): void {
    const wasDoubtful = this.#awaits instanceof AwaitSide && this.#awaits.isDoubtful;
    this.#awaits = 'settled';
    if (this.#state === 'finished') this.#resolve(this.#outcome);
    else this.#reject(this.#failure()); // eslint-disable-line @typescript-eslint/prefer-promise-reject-errors -- as it was thrown
    if (wasDoubtful) this.#handle();
  }

  #overrule(error: CancelledError): void {
    this.#awaits = 'overruled';
    this.#reject(error);
  }
}

/** Name and message, of what may be anything. */
function describeError(thrown: unknown): string {
  try {
    const { name, message } = toError(thrown);
    return `${name}(${inspect(message)})`;
  } catch {
    return inspectPart(thrown); // a getter of it throws
  }
}

const RESOLVED = Promise.resolve();
const doNothing = (): void => undefined;

prepareClass(Future);
