import type { AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import { asResource, captureContext, type Context, mustEnter, runInContext } from './context.js';
import { creationSite, creationStack, tracebackOf } from './debug/creation-stack.js';
import { endsTheLoop, toError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { inspectPart } from './debug/inspect-safely.js';
import { CALLBACK, END_RUN, HANDLE_LOOP } from './loop-internals.js';
import { RUN, type Ready } from './ready-queue.js';
import { watchResult } from './watch-result.js';

// The loop's methods type-check the arguments against the callback. In the queue both are opaque.
export type Callback = (...args: never[]) => unknown;

const NO_ARGS: readonly unknown[] = [];

/** What debug mode keeps of a handle, so that it can be shown after it was cancelled. */
interface Origin {
  readonly stack: string;
  /** Describes the call once it was cancelled. null before. */
  call: string | null;
}

let reporting: Handle | null = null;

/** Whether `subject` is the handle that is reporting what its callback has thrown. */
export function isReporting(subject: unknown): boolean {
  return subject === reporting;
}

/** A scheduled call, as returned by `callSoon()`. Python: asyncio.Handle. */
export class Handle implements Ready {
  readonly #loop: BaseEventLoop;
  /** null if cancelled. */
  #callback: Callback | null;
  #args: readonly unknown[];
  readonly #context: Context;
  readonly #origin: Origin | null;

  constructor(
    callback: Callback,
    args: readonly unknown[],
    loop: BaseEventLoop,
    context: Context = captureContext(),
  ) {
    this.#callback = callback;
    this.#args = args.length === 0 ? NO_ARGS : args; // saves an array per handle
    this.#loop = loop;
    this.#context = context;
    this.#origin = loop.getDebug() ? { stack: creationStack(), call: null } : null;
  }

  /** Cancels the call. If it was cancelled or has run before, this has no effect. Python: Handle.cancel(). */
  cancel(): void {
    if (this.#origin !== null && this.#callback !== null) {
      this.#origin.call = describeCall(this.#callback, this.#args);
    }
    this.#callback = null; // do not keep alive what they hold until the queue gets here
    this.#args = NO_ARGS;
  }

  /** Whether `cancel()` was called; having run does not count. Python: Handle.cancelled(). */
  cancelled(): boolean {
    return this.#callback === null;
  }

  /** The context that the call was scheduled in and runs in. Python: Handle.get_context(). */
  getContext(): AsyncResource {
    return asResource(this.#context);
  }

  /** Where the call was scheduled, as in an error's stack; undefined unless the loop was in debug mode. */
  get sourceTraceback(): string | undefined {
    return this.#origin?.stack;
  }

  /** @internal */
  get [HANDLE_LOOP](): BaseEventLoop {
    return this.#loop;
  }

  /** @internal */
  get [CALLBACK](): Callback | null {
    return this.#callback;
  }

  /** @internal */
  [RUN](): void {
    const callback = this.#callback;
    if (callback === null) return; // cancelled while it was queued
    const args = this.#args;
    if (mustEnter(this.#context)) runInContext(this.#context, () => call(this.#loop, this, callback, args));
    else call(this.#loop, this, callback, args);
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<${this.constructor.name} ${this.describe()}>`;
  }

  protected describe(): string {
    const call =
      this.#origin?.call ?? (this.#callback === null ? null : describeCall(this.#callback, this.#args));
    const parts = [this.#callback === null ? 'cancelled' : null, call];
    if (this.#origin !== null) parts.push(`created at ${creationSite(this.#origin.stack)}`);
    return parts.filter((part) => part !== null).join(' ');
  }
}

// Not a private method, which would add a field to each of so many objects.
function call(loop: BaseEventLoop, handle: Handle, callback: Callback, args: readonly unknown[]): void {
  try {
    const result: unknown = args.length === 0 ? callback() : Reflect.apply(callback, undefined, args);
    if (typeof result !== 'object' || result === null) return; // checked here, too, to save a closure per call
    watchResult(result, (thrown) => failLater(loop, handle, describeCall(callback, args), thrown));
  } catch (thrown) {
    if (endsTheLoop(thrown)) throw thrown;
    report(loop, handle, `Exception in callback ${describeCall(callback, args)}`, toError(thrown));
  }
}

/** Reports that a promise which the callback has returned has rejected. */
function failLater(loop: BaseEventLoop, handle: Handle, described: string, thrown: unknown): void {
  if (endsTheLoop(thrown)) loop[END_RUN](thrown);
  else {
    const message = `Exception in callback ${described}`;
    loop.callExceptionHandler({ message, exception: toError(thrown), handle, ...tracebackOf(handle) });
  }
}

function report(loop: BaseEventLoop, handle: Handle, message: string, exception: Error): void {
  reporting = handle;
  try {
    loop.callExceptionHandler({ message, exception, handle, ...tracebackOf(handle) });
  } finally {
    reporting = null;
  }
}

function describeCall(callback: Callback, args: readonly unknown[]): string {
  // `name` may be anything: a class can have a static member of that name.
  const name: unknown = callback.name;
  const shown = typeof name === 'string' && name !== '' ? name : '(anonymous)';
  return `${shown}(${args.map((arg) => inspectPart(arg)).join(', ')})`;
}
