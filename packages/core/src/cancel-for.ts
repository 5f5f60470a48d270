import type { Awaiter } from './awaiter.js';
import type { Future } from './future.js';
import type { GeneratorDriver } from './generator-driver.js';

/** Code that waits for a future, and is thrown a cancellation there. */
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

/** For a `cancel()`: the code that waits and is to stop; null where somebody else asks. */
export function whoAsks(): WaitingCode | null {
  const code = asking;
  asking = null; // what it cancels in turn, it cancels for itself
  return code;
}
