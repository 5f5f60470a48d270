import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { sleep } from '@ringloop/core';
import {
  LoopGroup,
  SharedBoundedSemaphore,
  SharedLock,
  SharedQueue,
  watchWorker,
} from '@ringloop/threadsafe';
import { createLoop } from '../fixtures/calls.js';
import { inLoop } from './fixtures/in-loop.js';
import { survive } from './fixtures/work.js';

/** How many threads are terminated, one after the other. */
const KILLED = 12;

describe('shared objects', () => {
  it('go on working for others, whenever a thread that uses them is terminated', () =>
    inLoop(async () => {
      await using group = await LoopGroup.spawn({ loops: 2, loopFactory: createLoop });
      const lock = new SharedLock();
      const semaphore = new SharedBoundedSemaphore(2);
      const queue = new SharedQueue<number>(4, { itemBytes: 64 });
      const workerData = { lock: lock.toWire(), semaphore: semaphore.toWire(), queue: queue.toWire() };
      let told = 0;
      for (let killed = 1; killed <= KILLED; killed++) {
        const worker = watchWorker(
          new Worker(new URL('fixtures/hammering-worker.js', import.meta.url), { workerData }),
        );
        await new Promise((resolve) => worker.once('message', resolve));
        const surviving = group.loops.map((there) =>
          there.runCoroutineThreadsafe(survive, lock, semaphore, queue, 40),
        );
        await sleep(0.02 + Math.random() * 0.03); // not to wait for anything: to end it anywhere
        await worker.terminate();
        // Whom nobody was left to tell of in one round, the next is told of.
        for (const times of await Promise.all(surviving)) told += times;
        expect(told).to.be.at.most(killed);
      }
      told += await survive(lock, semaphore, queue, 10);
      expect(told).to.be.at.most(KILLED);
      expect([lock.locked(), semaphore.tryAcquire(), semaphore.tryAcquire()]).to.deep.equal([
        false,
        true,
        true,
      ]);
    })).slow(10_000);
});
