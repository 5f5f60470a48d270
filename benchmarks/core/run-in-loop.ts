import type { BaseEventLoop } from '@ringloop/core';

/**
 * Runs `work` in a turn of `loop`, and the loop until `work` says that it is done. No task is involved: an async function
 * would make every await of the process slower on Node 20, which is for those scenarios to pay that have one.
 */
export async function runInLoop(loop: BaseEventLoop, work: (done: () => void) => void): Promise<void> {
  loop.callSoon(() => work(loop.stop));
  await loop.runForever();
}

/** The same for what Node has itself. */
export function runInNode(work: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => work(resolve));
  });
}
