import { inspect } from 'node:util';
import { LONGEST_TIMER_MS, awaitableOf, checkTime, rangeError, typeError } from '@ringloop/core/internal';
import { TimeoutError } from '@ringloop/core';

/** How long the start of a group may take. */
export interface StartLimits {
  /**
   * Seconds after which the workers are ended and `spawn()` rejects with TimeoutError, ERR_TIMEOUT. With 0 no worker is
   * started. By default there is no limit. The time is that of Node's clock, because threads know no other.
   */
  readonly timeout?: number;
  /**
   * When the signal is aborted, the workers are ended and `spawn()` rejects with its reason. If it is aborted already,
   * no worker is started.
   */
  readonly signal?: AbortSignal;
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE @throws {RangeError} ERR_OUT_OF_RANGE, when a limit is invalid */
export function checkStartLimits({ timeout, signal }: StartLimits): void {
  if (timeout !== undefined) {
    checkTime(timeout, 'timeout');
    if (timeout < 0) throw rangeError(`timeout must not be negative, got ${timeout}`);
  }
  if (signal !== undefined && !isSignal(signal)) {
    throw typeError(`signal must be an AbortSignal, got ${inspect(signal)}`);
  }
}

/** @throws the error of a limit that is over before anything was started */
export function refuseIfOver({ timeout, signal }: StartLimits): void {
  if (signal?.aborted === true) throw signal.reason;
  if (timeout === 0) throw timedOut(timeout);
}

/** Waits for `started` within its limits. Leaves neither a timer nor a listener behind. */
export async function startWithin(
  started: Promise<unknown>,
  { timeout, signal }: StartLimits,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort = (): void => undefined;
  const over = new Promise<never>((_resolve, reject) => {
    if (timeout !== undefined && timeout !== Infinity) {
      timer = setTimeout(() => reject(timedOut(timeout)), Math.min(timeout * 1000, LONGEST_TIMER_MS));
    }
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason of an abort is the user's
    onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort);
  });
  try {
    await awaitableOf(Promise.race([started, over]));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

function timedOut(timeout: number): TimeoutError {
  return new TimeoutError(`Cannot spawn the group: its loops did not run within ${timeout} s`);
}

/** Accepts signals of any realm. */
function isSignal(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as AbortSignal).aborted === 'boolean' &&
    typeof (value as AbortSignal).addEventListener === 'function'
  );
}
