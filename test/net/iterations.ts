import type { SelectorEventLoop } from '@ringloop/net';

/** Waits for so many iterations, counted by a callback that is in each of them. */
export async function iterations(loop: SelectorEventLoop, count: number): Promise<void> {
  const done = loop.createFuture<undefined>();
  const step = (left: number): void => {
    if (left === 0) done.setResult(undefined);
    else loop.callSoon(step, left - 1);
  };
  loop.callSoon(step, count);
  await done;
}
