import { inspect } from 'node:util';
import { endsTheLoop, toError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { inspectSafely } from './inspect-safely.js';
import { RUN, type Ready } from './ready-queue.js';

// The loop type-checks arguments against the callback where both are given; in the queue they are opaque.
export type Callback = (...args: never[]) => unknown;

/** A scheduled call, as returned by `callSoon()`. Python: asyncio.Handle. */
export class Handle implements Ready {
  readonly #loop: BaseEventLoop;
  #callback: Callback | null;
  #args: readonly unknown[] | null;
  #cancelled = false;

  constructor(callback: Callback, args: readonly unknown[], loop: BaseEventLoop) {
    this.#callback = callback;
    this.#args = args;
    this.#loop = loop;
  }

  /** Cancels the call. If it was cancelled or has run before, this has no effect. Python: Handle.cancel(). */
  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#callback = null; // what they hold must not live until the queue gets here
    this.#args = null;
  }

  /** Whether `cancel()` was called; having run does not count. Python: Handle.cancelled(). */
  cancelled(): boolean {
    return this.#cancelled;
  }

  [RUN](): void {
    const callback = this.#callback;
    if (callback === null) return; // cancelled while it was queued
    try {
      Reflect.apply(callback, undefined, this.#args ?? []);
    } catch (thrown) {
      if (endsTheLoop(thrown)) throw thrown;
      this.#loop.callExceptionHandler({
        message: `Exception in callback ${describeCall(callback, this.#args ?? [])}`,
        exception: toError(thrown),
        handle: this,
      });
    }
  }

  [inspect.custom](): string {
    return `<${this.constructor.name} ${this.describe()}>`;
  }

  protected describe(): string {
    return this.#callback === null ? 'cancelled' : describeCall(this.#callback, this.#args ?? []);
  }
}

/** A call scheduled for a time, as returned by `callLater()` and `callAt()`. Python: asyncio.TimerHandle. */
export class TimerHandle extends Handle {
  readonly #when: number;
  readonly #onCancel: () => void;

  constructor(
    when: number,
    callback: Callback,
    args: readonly unknown[],
    loop: BaseEventLoop,
    onCancel: () => void,
  ) {
    super(callback, args, loop);
    this.#when = when;
    this.#onCancel = onCancel;
  }

  /** The time the call is due, in seconds of `loop.time()`. Python: TimerHandle.when(). */
  when(): number {
    return this.#when;
  }

  override cancel(): void {
    if (!this.cancelled()) this.#onCancel();
    super.cancel();
  }

  protected override describe(): string {
    return `${this.cancelled() ? '' : `when=${this.#when} `}${super.describe()}`;
  }
}

function describeCall(callback: Callback, args: readonly unknown[]): string {
  // `name` is whatever a class with a static member of that name says it is.
  const name: unknown = callback.name;
  const shown = typeof name === 'string' && name !== '' ? name : '(anonymous)';
  return `${shown}(${args.map((arg) => inspectSafely(arg, { depth: 0, breakLength: Infinity })).join(', ')})`;
}
