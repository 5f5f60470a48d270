// A test of a program that runs for hours. The clock of a TestEventLoop leaps to the next timer as soon as nothing else is to do.
//
// prints:
// 60 heartbeats in an hour, the last one at 3600
// gave up after 15 seconds
// and all of that within a minute: true
// a lock that nobody releases: ERR_DEADLOCK

import assert from 'node:assert/strict';
import { type EventLoop, getRunningLoop, Lock, run, sleep } from 'ringloop';
import { DeadlockError, TestEventLoop } from 'ringloop/testing';

const beats: number[] = [];

/** What is tested: it beats each minute for an hour. */
async function heart(): Promise<void> {
  const loop = getRunningLoop();
  for (const end = loop.time() + 3600; loop.time() < end;) {
    await sleep(60);
    beats.push(loop.time());
  }
}

/** What is tested: it waits longer after each failure. */
async function persistent(attempt: () => boolean): Promise<void> {
  for (let pause = 1; pause <= 8; pause *= 2) {
    if (attempt()) return;
    await sleep(pause);
  }
}

const loopFactory = (): EventLoop => new TestEventLoop();
const started = performance.now();

await run(heart, { loopFactory });
assert.equal(beats.length, 60);
console.log(`${beats.length} heartbeats in an hour, the last one at ${beats.at(-1)}`);

await run(
  async () => {
    await persistent(() => false);
    console.log(`gave up after ${getRunningLoop().time()} seconds`);
  },
  { loopFactory },
);
console.log(`and all of that within a minute: ${performance.now() - started < 60_000}`);

// Where nothing can happen any more, a test does not hang: it is told who waits for what.
await assert.rejects(
  run(
    async () => {
      const lock = new Lock();
      await lock.acquire();
      await lock.acquire();
    },
    { loopFactory },
  ),
  (error) => {
    if (!(error instanceof DeadlockError)) return false;
    console.log(`a lock that nobody releases: ${error.code}`);
    return true;
  },
);
