// prints:
// worker: begins
// main: cancels it
// worker: cleans up
// main: the task was cancelled
// reader: Node's timer was told by the signal
// main: the reader was cancelled

import { setTimeout as delay } from 'node:timers/promises';
import { CancelledError, getRunningLoop, run, sleep } from 'ringloop';

async function worker(): Promise<void> {
  console.log('worker: begins');
  try {
    await sleep(3600);
  } finally {
    console.log('worker: cleans up'); // the CancelledError goes on to whoever awaits the task
  }
}

/** Node's own promises know nothing of tasks, but many take an AbortSignal. Declare a parameter, and the task brings one. */
async function reader(signal: AbortSignal): Promise<void> {
  try {
    await delay(3_600_000, undefined, { signal });
  } finally {
    console.log("reader: Node's timer was told by the signal");
  }
}

await run(async () => {
  const loop = getRunningLoop();
  const first = loop.createTask(worker);
  const second = loop.createTask(reader);
  await sleep(0.01);

  console.log('main: cancels it');
  first.cancel();
  try {
    await first;
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    console.log('main: the task was cancelled');
  }

  second.cancel();
  await second.then(null, () => undefined); // settled is enough; how, the task itself knows
  console.log(`main: the reader ${second.cancelled() ? 'was cancelled' : 'went its own way'}`);
});
