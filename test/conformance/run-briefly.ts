import type { BaseEventLoop } from '@ringloop/core';

/** A coroutine that is done with its first step. */
export function* doNothing(): Generator<undefined, void> {
  // not even wait
}

/** Runs a task that does nothing to its end, as CPython's test_utils.run_briefly(): what is ready now runs, and once more. */
export async function runBriefly(loop: BaseEventLoop): Promise<void> {
  await loop.runUntilComplete(doNothing);
}
