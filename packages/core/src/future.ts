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

/** Options of `addDoneCallback()`. */
export interface DoneCallbackOptions {
  /** What AsyncLocalStorages hold in the callback. By default, what they hold where it is added. */
  readonly context?: AsyncResource;
}

/**
 * The future whose `constructor` the engine has read last, and the awaiter for which it did so, until it is
 * known what for. An `await` reads it, but a combinator or Promise.resolve() also does before it calls `then`.
 * One case cannot be told apart: `helper(f); f.then(g)`, where the helper awaits `f`. This mistake costs little:
 * the task does not know of that await.
 */
let asked: Future<unknown> | null = null;
let askedFor: Awaiter | null = null;

/** Must be called before other code runs. What the engine has read so far was for an await. */
export function forgetAsked(): void {
  asked = null;
  askedFor = null;
}

// The functions that settle the promise being made. One function stores them for all promises, because a closure for
// each would cost as much as the promise.
let resolveNew: Resolver | null = null;
let rejectNew: Resolver | null = null;
function takeResolvers(resolve: (value: never) => void, reject: Resolver): void {
  resolveNew = resolve as Resolver; // a future of T is settled only with a T
  rejectNew = reject;
}

/** Where futures were created, for those that were created in debug mode. */
const origins = new WeakMap<Future<unknown>, string>();

/** How the promise of a future was settled: as the future is, or with a cancellation instead. */
type PromiseState = 'settled' | 'overruled';

/**
 * A result that is not there yet. Its callbacks run in the loop, never within the call that settles it. Async functions
 * `await` it, generator coroutines `yield*` it. Python: asyncio.Future.
 *
 * It is a promise, so that it can be passed wherever a promise is expected, and so that an `await` of it can be
 * noticed: the engine reads its `constructor` and, if the answer is Promise, waits without calling `then` (see
 * promise-class.ts). The promise is settled only if somebody awaits it. So the loop, and not Node, reports a
 * failure that nobody retrieves.
 */
export class Future<T> extends Promise<T> implements Awaitable<T> {
  readonly #loop: BaseEventLoop;
  readonly #resolve: Resolver;
  readonly #reject: Resolver;
  /** Its awaits, which are also among the waiters. Later, how its promise was settled. */
  #awaits: AwaitSide | PromiseState | null = null;
  #state: FutureState = 'pending';
  /** Depends on the state: undefined, the result, the exception, or the message of the cancellation. */
  #outcome: unknown = undefined;
  /** The entries to queue when the future is done. Most futures have one waiter. */
  #waiters: Ready | Ready[] | null = null;
  #unretrieved = false;

  /** Called by `loop.createFuture()`. The static methods of Promise (`Promise.all`) work only on Promise itself. */
  constructor(loop: BaseEventLoop) {
    super(takeResolvers);
    this.#resolve = resolveNew as unknown as Resolver; // takeResolvers() has set it
    this.#reject = rejectNew as unknown as Resolver;
    resolveNew = rejectNew = null; // they would keep the promise alive
    if (typeof loop === 'function') {
      throw typeError(
        'Cannot call a static method of Promise on Future: call loop.createFuture() to make a future',
      );
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

  /** Whether the future has a result, has an exception or is cancelled. Python: Future.done(). */
  done(): boolean {
    return this.#state !== 'pending';
  }

  /** Python: Future.cancelled(). */
  cancelled(): boolean {
    return this.#state === 'cancelled';
  }

  /**
   * The result. Python: Future.result().
   * @throws {InvalidStateError} while it is pending
   * @throws {CancelledError} when it was cancelled
   * @throws the exception that it failed with
   */
  result(): T {
    if (this.#state === 'finished') return this.#outcome as T; // setResult() got a T
    if (this.#state === 'pending') throw new InvalidStateError('Result is not ready.');
    throw this.#failure() as Error; // a promise may have rejected with anything
  }

  /**
   * The exception that it failed with, or null if it has a result. Python: Future.exception().
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
   * Settles it with a result. Python: Future.set_result().
   * @throws {InvalidStateError} when it is done
   */
  setResult(value: T): void {
    this.settle('finished', value);
  }

  /**
   * Settles it with an exception. A value that is not an Error becomes the `cause` of one.
   * Python: Future.set_exception().
   * @throws {InvalidStateError} when it is done
   */
  setException(exception: unknown): void {
    this.settle('failed', toError(exception));
  }

  /** Cancels it. Returns false if it is done. Python: Future.cancel(). */
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
   * As for a promise, but returns a future. Cancelling that future cancels this one too, if nobody else
   * waits for this one. The reactions learn of the cancellation in any case. A cancelled task does so only
   * if it awaits the returned future.
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
    return this.#attach(reactions, isCombined) as Promise<never>; // nobody uses what the engine's functions return
  }

  /** As for a promise. */
  override catch<R = never>(onRejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<T | R> {
    return this.then(undefined, onRejected);
  }

  /** As for a promise. */
  override finally(onFinally?: (() => void) | null): Promise<T> {
    if (typeof onFinally !== 'function') return this.then();
    const clean: () => unknown = onFinally; // it may return a promise, which is awaited
    return this.then(
      (value) => Promise.resolve(clean()).then(() => value),
      (reason: unknown) =>
        Promise.resolve(clean()).then(() => {
          throw reason as Error; // rethrow it unchanged
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
   * The engine reads the constructor, for an `await` or for something that begins like one. If the answer is Promise,
   * an `await` waits for this very promise. If it is another class, the `await` calls `then` in the same context, which
   * can answer for this one await.
   * @internal
   */
  [ASKED](): unknown {
    const awaits = this.#awaits;
    if (awaits === 'overruled') return Future;
    // Other awaits continue in their turn, but this one continues at once.
    if (this.done() && awaits instanceof AwaitSide) return Future;
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
    const side = this.#awaits as AwaitSide; // the caller is its AwaitSide
    const only = side.onlyAwaiter;
    if (only === null) for (const awaiter of side.awaiters()) awaiter.endAwait(this);
    else only.endAwait(this);
    // If there is only one await, it can throw something else than the outcome: its task was
    // cancelled after the future was done.
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

  /**
   * The futures that the code behind this future waits for. Empty while that waits for something of Node. null if
   * there is no such code. @internal
   */
  [WAITS](): Future<unknown>[] | null {
    return null;
  }

  /** As `util.inspect()` and `console.log()` show it. */
  get [inspect.custom](): () => string {
    // Between this getter and the call, inspect() reads the constructor for its own purposes.
    // That must not count as an await.
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
   * The only place where the state changes. A pending future takes any of the other states, which is final.
   * @param outcome the result, the exception, or the message of the cancellation
   */
  protected settle(state: Exclude<FutureState, 'pending'>, outcome: unknown): void {
    if (this.#state !== 'pending') throw new InvalidStateError(`${this.#state}: ${inspect(this)}`);
    this.#state = state;
    this.#outcome = outcome;
    if (state === 'failed') {
      this.#unretrieved = true;
      this.#loop[UNRETRIEVED].add(this, toError(outcome)); // exception() gives the same
    }
    const waiters = this.#waiters;
    this.#waiters = null;
    if (waiters === null) return;
    if (!Array.isArray(waiters)) this.wake(waiters);
    else for (const waiter of waiters) this.wake(waiter);
  }

  /** Tells a waiter that the future is done: it runs in the next iteration. */
  protected wake(waiter: Ready): void {
    this.#loop[ENQUEUE](waiter);
  }

  /**
   * As wake(), for a future that is settled between iterations, as promises are. A waiter that only
   * settles a promise runs at once.
   */
  protected wakeAtOnce(waiter: Ready): void {
    if (waiter.settlesPromise === true) waiter[RUN]();
    else if (!this.#loop.isClosed()) this.#loop[ENQUEUE](waiter); // in a closed loop all wait for ever
  }

  /**
   * The result of a `cancel()` that comes too late. A caller that cancels the future does not need its exception
   * either, so the exception counts as retrieved.
   */
  protected refuseCancel(): false {
    this.retrieve();
    return false;
  }

  protected get hasWaiters(): boolean {
    return this.#waiters !== null;
  }

  /** Lets Node report the failure, as for a promise that nobody waits for. */
  protected rejectUnheard(): void {
    if (this.#awaits === null) this.#settlePromise();
  }

  /** Marks the exception as retrieved: the loop need not report it any more. */
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

  /** Undoes what looked like an `await`: the constructor was read to call `then` afterwards, or only to look at it. */
  #wasNoAwait(): void {
    forgetAsked();
    if (this.#awaits instanceof AwaitSide) this.#awaits.takeBack(currentAwaiter());
    else this.#handle();
  }

  /** Marks the promise as handled. Perhaps nobody awaits it, and then its rejection must not end the process. */
  #handle(): void {
    void super.then(doNothing, doNothing);
    forgetAsked(); // super.then() reads the constructor, too
  }

  get #awaitCount(): number {
    return this.#awaits instanceof AwaitSide ? this.#awaits.count : 0;
  }

  /** Settles the promise of a future that is done and that somebody is about to await. */
  #promiseSoon(): void {
    if (this.#state === 'finished') {
      this.#settlePromise();
      return;
    }
    // Reject it later: a promise that is rejected before it is awaited counts as unhandled.
    // Perhaps it is not awaited at all.
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

/** Name and message of a thrown value, which may be anything. */
function describeError(thrown: unknown): string {
  try {
    const { name, message } = toError(thrown);
    return `${name}(${inspect(message)})`;
  } catch {
    return inspectPart(thrown); // one of its getters throws
  }
}

const RESOLVED = Promise.resolve();
const doNothing = (): void => undefined;

prepareClass(Future);
