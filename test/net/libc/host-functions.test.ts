import { once } from 'node:events';
import { closeSync, fstatSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { openDescriptors } from '../descriptors.js';

describe('net/host-functions', () => {
  it('CleanupHooks close all that a terminated thread had open, and nothing that it had given away', async () => {
    const epolls = (): number =>
      [...openDescriptors().values()].filter((what) => what.includes('eventpoll')).length;
    const before = epolls();
    const worker = new Worker(new URL('../fixtures/leaving-worker.js', import.meta.url));
    const [{ kept, given }] = (await once(worker, 'message')) as [{ kept: number[]; given: number }];
    expect(kept.every((fd) => fstatSync(fd).isSocket())).to.equal(true);
    await worker.terminate();
    const open = openDescriptors();
    expect(kept.filter((fd) => open.has(fd))).to.deep.equal([]);
    expect(epolls()).to.equal(before);
    expect(fstatSync(given).isSocket()).to.equal(true);
    closeSync(given);
  });
});
