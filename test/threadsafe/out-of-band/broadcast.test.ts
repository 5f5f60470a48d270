import { once } from 'node:events';
import { types } from 'node:util';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { LoopGroup, watchWorker } from '@ringloop/threadsafe';
import { createLoop, takeNotes } from '../fixtures/calls.js';

describe('BroadcastSender', function () {
  this.slow(1000);

  for (const [what, workers, pauses] of [
    ['one thread', 1, [0, 0, 20, 0, 0]],
    ['three threads at once', 3, [-1, 0, 0, 20, -1, 0]],
  ] as const) {
    it(`send() delivers KeyObjects from ${what} that the receiver has not met before`, async () => {
      await using group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
      const ready = new Int32Array(new SharedArrayBuffer(8));
      ready[1] = workers;
      const ends = Array.from({ length: workers }, async () => {
        const workerData = { wire: group.next().toWire(), pauses, ready };
        const worker = watchWorker(
          new Worker(new URL('../fixtures/key-worker.js', import.meta.url), { workerData }),
        );
        expect(await once(worker, 'exit')).to.deep.equal([0]);
      });
      await Promise.all(ends);
      const notes = await group.next().runCoroutineThreadsafe(takeNotes);
      expect(notes.filter((each) => types.isKeyObject(each)).length).to.equal(2 * pauses.length * workers);
    });
  }
});
