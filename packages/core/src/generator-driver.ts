import { inspect } from 'node:util';
import { cancelFor } from './cancel-for.js';
import { discard } from './discarding.js';
import {
  asCancellation,
  cancelledError,
  CancelledError,
  endsTheLoop,
  messageOf,
  toError,
  typeError,
} from './errors.js';
import { followPromise } from './follow-promise.js';
import { Future } from './future.js';
import { isPromiseLike } from './is-promise-like.js';
import { ADD_WAITER, ENQUEUE, IN_CIRCLE, REMOVE_WAITER, WAITS } from './loop-internals.js';
import { type Ready, RUN } from './ready-queue.js';
import { refusalOf } from './refusal.js';

/** A generator that yields what it waits for. Only its own code knows the types of what each `yield` returns. */
export type CoroutineGenerator<T> = Generator<unknown, T>;

let driving: GeneratorDriver<unknown> | null = null;

/** The driver whose generator is running. A generator that it delegates to counts as its own. */
export function currentDriver(): GeneratorDriver<unknown> | null {
  return driving;
}

/**
 * A future of the outcome of a generator. It takes the generator one step further whenever the yielded future is
 * done. Order and errors are those of CPython's Task.__step(). The subclasses differ in who starts the generator
 * and who learns of its outcome.
 */
export abstract class GeneratorDriver<T> extends Future<T> implements Ready {
  #generator: Generator<unknown, T, unknown> | null = null;
  /** What was yielded last. null after a bare `yield`. */
  #waitingOn: Future<unknown> | null = null;
  /** A cancellation that could not be delivered. The next step throws it. */
  #mustCancel: CancelledError | null = null;
  /** An error that the next step throws, because the generator cannot wait for what it has yielded. */
  #complaint: Error | null = null;

  override cancel(message?: string): boolean {
    if (this.done()) return this.refuseCancel();
    this.throwAtWait(message);
    return true;
  }

  /** Throws a CancelledError at the generator's current wait, or else at the next one. */
  protected throwAtWait(message: string | undefined): void {
    const waitingOn = this.#waitingOn;
    // A future that is done can no longer be cancelled, but the generator has not continued yet.
    if (waitingOn !== null && cancelFor(this, waitingOn, message)) return;
    this.#mustCancel = cancelledError(message);
    if (waitingOn?.[IN_CIRCLE] !== true) return;
    this.#waitingOn = null; // stop waiting for a task that waits for this one
    waitingOn[REMOVE_WAITER](this);
    this.getLoop()[ENQUEUE](this);
  }

  /** @internal */
  override [WAITS](): Future<unknown>[] {
    return this.#waitingOn === null ? [] : [this.#waitingOn];
  }

  abstract [RUN](): void;

  /** Takes over `generator`. The next `step()` is its first. */
  protected drive(generator: CoroutineGenerator<T>): void {
    this.#generator = generator; // it is sent what its yields expect
  }

  /**
   * Gives up the generator and what it waits for, so that another driver can step it. Returns null if there is no
   * generator any more, or if its next step must throw an error because of what it has yielded.
   */
  protected handOver(): { generator: CoroutineGenerator<T>; waitingOn: Future<unknown> | null } | null {
    const generator = this.#generator;
    const waitingOn = this.#waitingOn;
    if (generator === null || this.#complaint !== null) return null;
    this.#generator = null; // if this is in the ready queue, its turn does nothing
    this.#waitingOn = null;
    waitingOn?.[REMOVE_WAITER](this);
    return { generator, waitingOn };
  }

  /** Takes back the cancellation that the next step would throw. */
  takeCancellation(): CancelledError | null {
    const error = this.#mustCancel;
    this.#mustCancel = null;
    return error;
  }

  /** Makes the next step throw `error`. */
  postponeCancellation(error: CancelledError): void {
    this.#mustCancel = error;
  }

  /**
   * Runs the generator up to its next wait.
   * @throws {SystemExit | KeyboardInterrupt} when the generator throws it, and only the loop must handle it
   */
  protected step(): void {
    const generator = this.#generator;
    if (generator === null) return;
    const waited = this.#waitingOn;
    let error: unknown = this.#complaint;
    let value: unknown = undefined;
    this.#waitingOn = null;
    this.#complaint = null;
    if (waited !== null) {
      try {
        value = waited.result();
      } catch (thrown) {
        error = thrown;
      }
    }
    if (this.#mustCancel !== null) {
      if (!(error instanceof CancelledError)) error = this.#mustCancel;
      this.#mustCancel = null;
      discard(value);
    }
    let step: IteratorResult<unknown, T>;
    const outer = driving;
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- until it returns
    driving = this;
    try {
      step = error === null ? generator.next(value) : generator.throw(error);
    } catch (thrown) {
      driving = outer;
      this.#generator = null;
      this.fail(thrown);
      return;
    }
    driving = outer;
    if (step.done !== true) {
      this.#wait(step.value);
      return;
    }
    this.#generator = null;
    this.finish(step.value);
  }

  /** Called when the generator has returned. */
  protected finish(value: T): void {
    const late = this.takeCancellation(); // it was cancelled while it ran
    if (late === null) this.settle('finished', value);
    else {
      discard(value);
      this.settle('cancelled', messageOf(late));
    }
  }

  /** Called when the generator has thrown. @throws {SystemExit | KeyboardInterrupt} which end the loop as well */
  protected fail(thrown: unknown): void {
    this.failWith(thrown);
    if (!endsTheLoop(thrown)) return;
    this.retrieve(); // the code that runs the loop gets it
    throw thrown;
  }

  /** Ends this with the error of its coroutine. An error that stands for a cancellation cancels it. */
  protected failWith(thrown: unknown): void {
    const cancellation = asCancellation(thrown);
    if (cancellation === null) this.settle('failed', toError(thrown));
    else this.settle('cancelled', messageOf(cancellation));
  }

  #wait(yielded: unknown): void {
    if (yielded === undefined || yielded === null) {
      this.getLoop()[ENQUEUE](this);
      return;
    }
    const future = yielded instanceof Future ? yielded : this.#follow(yielded);
    const complaint = future instanceof Future ? this.refusalOf(future) : future;
    if (complaint !== null) {
      this.#complaint = complaint;
      this.getLoop()[ENQUEUE](this);
      return;
    }
    this.#waitingOn = future as Future<unknown>; // else there is a complaint
    this.#waitingOn[ADD_WAITER](this);
    if (this.#mustCancel !== null && this.#waitingOn.cancel(messageOf(this.#mustCancel)))
      this.#mustCancel = null;
  }

  /** Why it cannot wait for `future`, or null if it can. */
  protected refusalOf(future: Future<unknown>): Error | null {
    return refusalOf(this, future);
  }

  /** Makes a future of what was yielded, or returns an error if that is impossible. */
  #follow(yielded: unknown): Future<unknown> | Error {
    if (isPromiseLike(yielded)) return followPromise(this.getLoop(), yielded);
    return isGenerator(yielded)
      ? typeError(`yield was used instead of yield* for a generator in ${inspect(this)}`)
      : typeError(`Task got bad yield: ${inspect(yielded)}`);
  }
}

export function isGenerator(value: unknown): value is CoroutineGenerator<unknown> {
  try {
    return (
      typeof value === 'object' && value !== null && Reflect.get(value, Symbol.toStringTag) === 'Generator'
    );
  } catch {
    return false; // a Proxy may throw here
  }
}
