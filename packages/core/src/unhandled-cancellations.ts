import type { CancelledError } from './errors.js';

/** On a CancelledError: the function to call if nobody awaits the promise that was rejected with it. */
const GIVE_BACK = Symbol.for('ringloop.giveBack');
/** On process, for all copies of this package in the thread: how many loops run, and the listener that serves them. */
const SHARED = Symbol.for('ringloop.unhandledCancellations.v1');

interface Shared {
  running: number;
  readonly listener: (reason: unknown) => void;
}

const { [SHARED]: shared = makeShared() } = process as { [SHARED]?: Shared };

function makeShared(): Shared {
  // Sealed, because jest deletes the properties of what it finds on global objects when a test file is done.
  const made = Object.seal({ running: 0, listener: onUnhandled });
  Object.defineProperty(process, SHARED, { value: made });
  return made;
}

/** Calls `giveBack` if nobody awaits the promise that `error` rejects, after the promise reactions. */
export function expectUnhandled(error: CancelledError, giveBack: () => void): void {
  Object.defineProperty(error, GIVE_BACK, { value: giveBack, configurable: true });
}

/**
 * While a loop runs, an unhandled rejection with a CancelledError does not end the process. A cancelled task
 * is not an error in asyncio either, whether anybody asks for its result or not. In JavaScript it is common
 * to derive promises from futures and to leave them alone, `Promise.all(tasks)` for example, and to call an
 * async function without an await.
 *
 * A listener also changes what Node does about every other rejection. It hands those back: it removes
 * itself and rejects a promise with the same reason. Node then treats that rejection as configured, as
 * if there had been no listener.
 */
export function listenForCancellations(): void {
  if (++shared.running === 1) listen();
}

/** Called when the loop has stopped. The listener stays for what the last promise reactions reject. */
export function stopListeningForCancellations(): void {
  setImmediate(() => {
    if (--shared.running === 0) process.off('unhandledRejection', shared.listener);
  });
}

function listen(): void {
  if (!process.listeners('unhandledRejection').includes(shared.listener)) {
    process.on('unhandledRejection', shared.listener);
  }
}

function onUnhandled(reason: unknown): void {
  if (isCancellation(reason)) {
    reason[GIVE_BACK]?.();
    return;
  }
  if (process.listenerCount('unhandledRejection') > 1) return; // another listener handles it
  process.off('unhandledRejection', shared.listener);
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as it was
  void Promise.reject(reason);
  setImmediate(() => {
    if (shared.running > 0) listen();
  });
}

/** Whether `reason` is a CancelledError, of any copy of this package. */
function isCancellation(reason: unknown): reason is { readonly [GIVE_BACK]?: () => void } {
  try {
    const { name, code } = (reason ?? {}) as { name?: unknown; code?: unknown };
    return name === 'CancelledError' && code === 'ERR_CANCELLED';
  } catch {
    return false; // a Proxy or a getter that throws
  }
}
