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

/** A generator whose `yield`s are what it waits for. What it is sent, only its own code knows. */
export type CoroutineGenerator<T> = Generator<unknown, T>;

let driving: GeneratorDriver<unknown> | null = null;

/** Whose generator is running, delegates included. */
export function currentDriver(): GeneratorDriver<unknown> | null {
  return driving;
}

/**
 * A future that is the outcome of a generator, which it takes one step further whenever what was yielded is done.
 * Order and errors are those of CPython's Task.__step(); the subclasses differ in who starts it and who is told.
 */
export abstract class GeneratorDriver<T> extends Future<T> implements Ready {
  #generator: Generator<unknown, T, unknown> | null = null;
  /** What was yielded last, unless it was a bare `yield`. */
  #waitingOn: Future<unknown> | null = null;
  /** A cancel() that could not be delivered: the next step throws it. */
  #mustCancel: CancelledError | null = null;
  /** What the next step throws because of what was yielded. */
  #complaint: Error | null = null;

  override cancel(message?: string): boolean {
    if (this.done()) return this.refuseCancel();
    this.throwAtWait(message);
    return true;
  }

  /** The generator is thrown a CancelledError at its wait, or else at the next one. */
  protected throwAtWait(message: string | undefined): void {
    const waitingOn = this.#waitingOn;
    // A future that is done cannot be cancelled any more, but the generator has not gone on yet.
    if (waitingOn !== null && cancelFor(this, waitingOn, message)) return;
    this.#mustCancel = cancelledError(message);
    if (waitingOn?.[IN_CIRCLE] !== true) return;
    this.#waitingOn = null; // it waits for this one
    waitingOn[REMOVE_WAITER](this);
    this.getLoop()[ENQUEUE](this);
  }

  /** @internal */
  override [WAITS](): Future<unknown>[] {
    return this.#waitingOn === null ? [] : [this.#waitingOn];
  }

  abstract [RUN](): void;

  /** Takes over `generator`; the next `step()` is its first. */
  protected drive(generator: CoroutineGenerator<T>): void {
    this.#generator = generator; // what it is sent, its own yields determine
  }

  /** The generator and what it waits for, to be stepped by somebody else from now on; null when it has no next step. */
  protected handOver(): { generator: CoroutineGenerator<T>; waitingOn: Future<unknown> | null } | null {
    const generator = this.#generator;
    const waitingOn = this.#waitingOn;
    if (generator === null || this.#complaint !== null) return null;
    this.#generator = null; // should it be in the ready queue: its turn there does nothing
    this.#waitingOn = null;
    waitingOn?.[REMOVE_WAITER](this);
    return { generator, waitingOn };
  }

  /** The cancellation that the next step would throw, taken back. */
  takeCancellation(): CancelledError | null {
    const error = this.#mustCancel;
    this.#mustCancel = null;
    return error;
  }

  /** The next step throws `error`. */
  postponeCancellation(error: CancelledError): void {
    this.#mustCancel = error;
  }

  /** @throws {SystemExit | KeyboardInterrupt} when the generator does, and nobody but the loop is to be told */
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

  /** The generator has returned. */
  protected finish(value: T): void {
    const late = this.takeCancellation(); // it was cancelled while it ran
    if (late === null) this.settle('finished', value);
    else {
      discard(value);
      this.settle('cancelled', messageOf(late));
    }
  }

  /** The generator has thrown. @throws {SystemExit | KeyboardInterrupt} which end the loop as well */
  protected fail(thrown: unknown): void {
    this.failWith(thrown);
    if (!endsTheLoop(thrown)) return;
    this.retrieve(); // whoever runs the loop gets it
    throw thrown;
  }

  /** How a coroutine's error ends it. */
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
    this.#waitingOn = future as Future<unknown>; // a complaint otherwise
    this.#waitingOn[ADD_WAITER](this);
    if (this.#mustCancel !== null && this.#waitingOn.cancel(messageOf(this.#mustCancel)))
      this.#mustCancel = null;
  }

  /** Why it cannot wait for `future`, if so. */
  protected refusalOf(future: Future<unknown>): Error | null {
    return refusalOf(this, future);
  }

  /** What was yielded that is no future, as one. */
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
    return false; // a Proxy that is asked for what it does not know
  }
}
