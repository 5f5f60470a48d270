import { inspect } from 'node:util';
import {
  CancelledError,
  endsTheLoop,
  InvalidStateError,
  LoopStateError,
  toError,
  typeError,
} from './errors.js';
import { Future } from './future.js';
import { ADD_WAITER, ENQUEUE, OUTSIDE, REMOVE_WAITER } from './loop-internals.js';
import { type Ready, RUN } from './ready-queue.js';

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

  /** What it waits for, if it does. */
  get waitingOn(): Future<unknown> | null {
    return this.#waitingOn;
  }

  override cancel(message?: string): boolean {
    if (this.done()) return this.refuseCancel();
    // A future that is done cannot be cancelled any more, but the generator has not gone on yet.
    if (this.#waitingOn?.cancel(message) === true) return true;
    this.#mustCancel = new CancelledError(message);
    return true;
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

  /** @throws {SystemExit | KeyboardInterrupt} when the generator does: they end the loop as well */
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
      if (!endsTheLoop(thrown)) return;
      this.retrieve(); // whoever runs the loop gets it
      throw thrown;
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
    else this.settle('cancelled', messageOf(late));
  }

  /** The generator has thrown. */
  protected fail(thrown: unknown): void {
    this.failWith(thrown);
  }

  /** How a coroutine's error ends it. */
  protected failWith(thrown: unknown): void {
    if (thrown instanceof CancelledError) this.settle('cancelled', messageOf(thrown));
    else this.settle('failed', toError(thrown));
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
    if (future === this) return new InvalidStateError(`Task cannot await on itself: ${inspect(this)}`);
    if (future.getLoop() === this.getLoop()) return null;
    const message = `Task ${inspect(this)} got Future ${inspect(future)} attached to a different loop`;
    return new LoopStateError(message, 'ERR_OTHER_LOOP');
  }

  /** A native promise, as a future that can be cancelled: what the promise comes to then is dropped. */
  #follow(yielded: unknown): Future<unknown> | Error {
    if (isPromiseLike(yielded)) {
      const loop = this.getLoop();
      const future = loop.createFuture<unknown>();
      const wanted = (): boolean => {
        loop[OUTSIDE].promises--;
        return !future.done() && !loop.isClosed();
      };
      loop[OUTSIDE].promises++;
      Promise.resolve(yielded).then(
        // a promise as it is; another thenable may throw, or call back twice
        (value) => {
          if (wanted()) future.setResult(value);
        },
        (reason: unknown) => {
          if (!wanted()) return;
          if (reason instanceof CancelledError) future.cancel(messageOf(reason));
          else future.setException(reason);
        },
      );
      return future;
    }
    return isGenerator(yielded)
      ? typeError(`yield was used instead of yield* for a generator in ${inspect(this)}`)
      : typeError(`Task got bad yield: ${inspect(yielded)}`);
  }
}

export function isGenerator(value: unknown): value is CoroutineGenerator<unknown> {
  return (
    typeof value === 'object' && value !== null && Reflect.get(value, Symbol.toStringTag) === 'Generator'
  );
}

export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

export function messageOf(error: CancelledError): string | undefined {
  return error.message === '' ? undefined : error.message;
}
