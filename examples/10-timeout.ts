// prints:
// in time: tea
// too late: Timed out
// Node's timer was told by the signal
// too late as well
// with more time: done, expired: false

import { setTimeout as delay } from 'node:timers/promises';
import { getRunningLoop, run, sleep, timeout, TimeoutError, waitFor } from 'ringloop';

async function brew(seconds: number): Promise<string> {
  await sleep(seconds);
  return 'tea';
}

await run(async () => {
  // One awaitable with a limit, in seconds. What is late is cancelled.
  console.log(`in time: ${await waitFor(() => brew(0), 60)}`);
  try {
    await waitFor(() => brew(3600), 0.01);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    console.log(`too late: ${error.message}`);
  }

  // A block of code with a limit. What only an AbortSignal interrupts is given the second parameter.
  try {
    await timeout(0.01).run(async (_, signal) => {
      try {
        await delay(3_600_000, undefined, { signal });
      } finally {
        console.log("Node's timer was told by the signal");
      }
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    console.log('too late as well');
  }

  // A limit that moves as long as there is progress.
  const limit = timeout(0.01);
  const outcome = await limit.run(async () => {
    limit.reschedule(getRunningLoop().time() + 60);
    await sleep(0.02);
    return 'done';
  });
  console.log(`with more time: ${outcome}, expired: ${limit.expired()}`);
});
