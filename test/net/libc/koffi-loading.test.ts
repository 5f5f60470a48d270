import { setImmediate as immediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { awaitKoffiLoading, shareKoffiLoading } from '@ringloop/net/internal';

const fixture = new URL('../fixtures/loading-worker.js', import.meta.url);
const [BEGUN, LOADED, AGAIN] = [0, 1, 2]; // as in the fixture

function startLoading(): [Worker, Int32Array] {
  shareKoffiLoading();
  const words = new Int32Array(new SharedArrayBuffer(12));
  const worker = new Worker(fixture, { workerData: words });
  Atomics.wait(words, BEGUN, 0);
  return [worker, words];
}

describe('net/koffi-loading', () => {
  it('awaitKoffiLoading() returns once the thread has loaded koffi, and keeps it from loading again', async () => {
    const [worker, words] = startLoading();
    awaitKoffiLoading(worker.threadId);
    expect(Atomics.load(words, LOADED)).to.equal(1);
    const loads = Atomics.load(words, AGAIN);
    Atomics.wait(words, BEGUN, 1, 20); // real time: the thread would load thousands of times
    expect(Atomics.load(words, AGAIN)).to.equal(loads);
    expect(await worker.terminate()).to.equal(1);
  });

  it('shareKoffiLoading() has terminate() wait for a worker that loads', async () => {
    const [worker, words] = startLoading();
    await immediate(); // Node tells of a worker behind the code that starts it
    const terminated = worker.terminate();
    expect(Atomics.load(words, LOADED)).to.equal(1);
    expect(await terminated).to.equal(1);
    expect(await worker.terminate()).to.equal(undefined); // it has ended
  });

  it('awaitKoffiLoading() of a thread that has ended does nothing', async () => {
    const [worker] = startLoading();
    const id = worker.threadId;
    await worker.terminate();
    awaitKoffiLoading(id);
    awaitKoffiLoading(id);
  });
});
