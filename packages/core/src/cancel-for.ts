import type { Awaiter } from './awaiter.js';
import type { Future } from './future.js';
import type { GeneratorDriver } from './generator-driver.js';

/** Code that waits for a future. A cancellation is thrown at its wait. */
export type WaitingCode = Awaiter | GeneratorDriver<unknown>;

let asking: WaitingCode | null = null;

/** Cancels `future` because `code`, which waits for it, is to stop. */
export function cancelFor(code: WaitingCode, future: Future<unknown>, message: string | undefined): boolean {
  const outer = asking;
  asking = code;
  try {
    return future.cancel(message);
  } finally {
    asking = outer;
  }
}

/** To be called in a `cancel()`. Returns the waiting code that is to stop, or null if somebody else has called. */
export function whoAsks(): WaitingCode | null {
  const code = asking;
  asking = null; // cancel() calls that follow are not made for that code
  return code;
}
