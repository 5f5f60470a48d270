import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { livesInKernel, thisKernelThread } from '@ringloop/threadsafe/internal';

const MODULE = new URL('../../../../packages/threadsafe/dist/signals/kernel-thread.js', import.meta.url).href;

describe('threadsafe/signals/kernel-thread', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  it('thisKernelThread() names this thread, always in the same way', () => {
    expect(thisKernelThread()).to.match(/^\d+@\d+$/);
    expect(thisKernelThread()).to.equal(thisKernelThread());
    expect(livesInKernel(thisKernelThread())).to.equal(true);
  });

  it('livesInKernel() knows that a worker lives, and that it was terminated', async () => {
    const program = `
      const { parentPort } = require('node:worker_threads');
      import('${MODULE}').then(({ thisKernelThread }) => parentPort.postMessage(thisKernelThread()));
      setInterval(() => undefined, 1000);`;
    const worker = new Worker(program, { eval: true });
    const [name] = (await once(worker, 'message')) as [string];
    expect(name).to.not.equal(thisKernelThread());
    expect(livesInKernel(name)).to.equal(true);
    await worker.terminate();
    expect(livesInKernel(name)).to.equal(false);
  });

  it('livesInKernel() does not take another thread of the same number for it', () => {
    const [task = ''] = String(thisKernelThread()).split('@');
    expect(livesInKernel(`${task}@1`)).to.equal(false);
  });

  it('livesInKernel() assumes that a thread lives of which nothing is known', () => {
    expect(livesInKernel(null)).to.equal(true);
  });
});
