import type { CancelledError } from './errors.js';

/** On a CancelledError: what is to be done when it turns out that it was thrown where nobody awaits. */
const GIVE_BACK = Symbol.for('ringloop.giveBack');
/** On process, for all copies of this package in the thread: how many loops run, and the listener that serves them. */
const SHARED = Symbol.for('ringloop.unhandledCancellations.v1');

interface Shared {
  running: number;
  readonly listener: (reason: unknown) => void;
}

const { [SHARED]: shared = makeShared() } = process as { [SHARED]?: Shared };

function makeShared(): Shared {
  // Sealed: jest deletes what it finds on global objects, property by property, when a test file is done.
  const made = Object.seal({ running: 0, listener: onUnhandled });
  Object.defineProperty(process, SHARED, { value: made });
  return made;
}

/** Should nobody await the promise that `error` rejects, `giveBack` is called, after the promise reactions. */
export function expectUnhandled(error: CancelledError, giveBack: () => void): void {
  Object.defineProperty(error, GIVE_BACK, { value: giveBack, configurable: true });
}

/**
 * While a loop runs, a promise that rejects with a CancelledError and that nobody waits for does not end the process: a cancelled
 * task is no error in asyncio either, whether anybody asks for it or not. It is JavaScript's way to derive promises from futures
 * and to leave them alone, `Promise.all(tasks)` for example, and to call an async function without an await.
 *
 * A listener changes what Node does about every other rejection, too. Those it hands back: it steps aside and rejects a
 * promise with the same reason, which then goes the way that Node was told to go, as if there had been no listener.
 */
export function listenForCancellations(): void {
  if (++shared.running === 1) listen();
}

/** The loop has stopped. What its last promise reactions reject is still looked at. */
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
  if (process.listenerCount('unhandledRejection') > 1) return; // somebody else takes care of it
  process.off('unhandledRejection', shared.listener);
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as it was
  void Promise.reject(reason);
  setImmediate(() => {
    if (shared.running > 0) listen();
  });
}

/** Of whatever copy of this package. */
function isCancellation(reason: unknown): reason is { readonly [GIVE_BACK]?: () => void } {
  try {
    const { name, code } = (reason ?? {}) as { name?: unknown; code?: unknown };
    return name === 'CancelledError' && code === 'ERR_CANCELLED';
  } catch {
    return false; // a Proxy, or a getter that throws: it is none of ours
  }
}
