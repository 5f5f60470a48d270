import { currentAwaiter, runAs } from './current-task.js';
import { asCancellation, cancelledError, type CancelledError, messageOf } from './errors.js';
import { Future, type FutureState } from './future.js';
import { ADD_WAITER, ENQUEUE, REMOVE_WAITER, IS_AWAITED, WAITS } from './loop-internals.js';
import { promiseWithResolvers } from './promise-with-resolvers.js';
import { type Ready, RUN } from './ready-queue.js';

export type OnFulfilled<T, R> = ((value: T) => R | PromiseLike<R>) | null | undefined;
export type OnRejected<R> = ((reason: unknown) => R | PromiseLike<R>) | null | undefined;

/**
 * The future that `future.then()` returns, of the reaction's result. Reactions run like those of a promise, after the
 * batch in which the turn of the future's waiters comes. Cancelling this cancels the source future if nobody else waits
 * for that one, and otherwise only the reaction. If the reaction has been called already, its result is dropped.
 */
export class Then<T, R> extends Future<R> {
  static override readonly name = 'Future';
  readonly #source: Future<T>;
  readonly #turn: Turn<T>;

  constructor(source: Future<T>, onFulfilled: OnFulfilled<T, R>, onRejected: OnRejected<R>) {
    super(source.getLoop());
    this.#source = source;
    this.#turn = new Turn(source);
    const { promise } = this.#turn;
    const awaiter = currentAwaiter();
    // The task that sets up a reaction does not wait for what the reaction awaits.
    const reaction =
      awaiter === null
        ? promise.then(onFulfilled, onRejected)
        : runAs(awaiter.ofCallbacks, () => promise.then(onFulfilled, onRejected));
    reaction.then(
      (value) => this.#end('finished', value),
      (thrown: unknown) => this.#endWith(thrown),
    );
  }

  override cancel(message?: string): boolean {
    if (this.done()) return this.refuseCancel();
    const turn = this.#turn;
    if (turn.isOver) return super.cancel(message);
    // If nobody else waits for the source, cancel it. The reactions then learn of the cancellation from the source.
    const source = this.#source;
    if (turn.isAlone && source.cancel(message)) return true;
    turn.overrule(cancelledError(message));
    return true;
  }

  /** @internal */
  override [WAITS](): Future<unknown>[] {
    return this.#turn.isOver ? [] : [this.#source];
  }

  /** Its waiters continue at once, like the reactions of a promise. */
  protected override wake(waiter: Ready): void {
    this.wakeAtOnce(waiter);
  }

  #end(state: Exclude<FutureState, 'pending'>, outcome: unknown): void {
    if (this.done()) return; // it was cancelled, and the outcome is dropped
    const isHeard = this.hasWaiters;
    this.settle(state, outcome);
    if (state === 'failed' && !isHeard) this.rejectUnheard();
  }

  #endWith(thrown: unknown): void {
    const cancellation = asCancellation(thrown);
    if (cancellation !== null) this.#end('cancelled', messageOf(cancellation));
    else this.#end('failed', thrown);
  }
}

/** Settles a promise as the future ends, when its turn among the future's waiters comes. */
class Turn<T> implements Ready {
  readonly #future: Future<T>;
  readonly #outcome = promiseWithResolvers<T>();
  #overruling: CancelledError | null = null;
  isOver = false;

  constructor(future: Future<T>) {
    this.#future = future;
    if (future.done()) this[RUN]();
    else future[ADD_WAITER](this);
  }

  get promise(): Promise<T> {
    return this.#outcome.promise;
  }

  /** Whether nobody else waits for the future. */
  get isAlone(): boolean {
    this.#future[REMOVE_WAITER](this);
    const isAlone = !this.#future[IS_AWAITED];
    if (!this.#future.done()) this.#future[ADD_WAITER](this);
    return isAlone;
  }

  get settlesPromise(): true {
    return true;
  }

  /** Rejects with `error`, whatever the future's outcome: the reaction was cancelled. */
  overrule(error: CancelledError): void {
    this.#overruling = error;
    if (this.#future.done()) return; // it is already in the ready queue
    this.#future[REMOVE_WAITER](this);
    this.#future.getLoop()[ENQUEUE](this);
  }

  [RUN](): void {
    this.isOver = true;
    if (this.#overruling !== null) {
      this.#outcome.reject(this.#overruling);
      return;
    }
    try {
      this.#outcome.resolve(this.#future.result());
    } catch (thrown) {
      this.#outcome.reject(thrown);
    }
  }
}
