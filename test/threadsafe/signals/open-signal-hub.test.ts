/** What the hub answers to the loops of workers, asked by messages as they send them. */
import { once } from 'node:events';
import { constants } from 'node:os';
import { setImmediate as immediate } from 'node:timers/promises';
import { threadId, Worker } from 'node:worker_threads';
import {
  allocateInbox,
  hubListens,
  openSignalHub,
  sendRequest,
  SignalMemory,
  type SignalRequest,
  thisKernelThread,
} from '@ringloop/threadsafe/internal';
import { watchWorker } from '@ringloop/threadsafe';
import { expect } from 'chai';

const { SIGUSR2, SIGKILL, EINVAL } = { ...constants.signals, ...constants.errno };

describe('threadsafe/signals/open-signal-hub', () => {
  const address = allocateInbox('asking');
  let memory: SignalMemory;
  let number: number;

  beforeEach(() => {
    openSignalHub();
    memory = new SignalMemory();
    number = 0;
  });

  afterEach(async () => {
    sendRequest({ kind: 'close', id: address.id });
    while (process.listenerCount('SIGUSR2') > 0) await immediate();
  });

  /** Asks as the loop of a thread would, and returns the reply. */
  async function ask(
    kind: 'add' | 'remove',
    more: Partial<SignalRequest & { kind: 'add' }> = {},
  ): Promise<number> {
    number++;
    sendRequest({
      kind,
      number,
      signal: SIGUSR2,
      address,
      memory: memory.memory,
      threadId,
      kernelThread: thisKernelThread(),
      ...more,
    });
    for (;;) {
      const reply = memory.waitForReply(number, 0); // does not wait: this thread is also the one that replies
      if (reply !== null) return reply;
      await immediate();
    }
  }

  it('openSignalHub() opens one hub, and lets threads know that it is there', () => {
    expect(openSignalHub()).to.equal(openSignalHub());
    expect(hubListens()).to.equal(true);
  });

  it('the hub listens when it has replied, and not any more when asked so', async () => {
    expect(await ask('add')).to.equal(0);
    expect(process.listenerCount('SIGUSR2')).to.equal(1);
    expect(await ask('add')).to.equal(0); // again changes nothing
    expect(process.listenerCount('SIGUSR2')).to.equal(1);
    expect(await ask('remove')).to.equal(0);
    expect(process.listenerCount('SIGUSR2')).to.equal(0);
  });

  it('the hub replies why the system refuses a signal', async () => {
    expect(await ask('add', { signal: SIGKILL })).to.equal(-EINVAL);
    expect(process.listenerCount('SIGKILL')).to.equal(0);
  });

  it('the hub adds nothing for a thread that was terminated since it asked', async () => {
    const worker = watchWorker(new Worker('setInterval(() => undefined, 1000)', { eval: true }));
    const { threadId: ended } = worker;
    await worker.terminate();
    expect(await ask('add', { threadId: ended, kernelThread: null })).to.equal(0);
    expect(process.listenerCount('SIGUSR2')).to.equal(0);
  });

  it('the hub adds nothing for a thread that the kernel no longer has', async function () {
    if (process.platform !== 'linux') this.skip();
    expect(await ask('add', { kernelThread: `${process.pid}@1` })).to.equal(0);
    expect(process.listenerCount('SIGUSR2')).to.equal(0);
  });

  it('openSignalHub() in a worker is refused', async () => {
    const module = import.meta.resolve('@ringloop/threadsafe/internal');
    const worker = new Worker(
      `import('${module}').then(({ openSignalHub }) => {
        try { openSignalHub(); } catch ({ name, code }) { require('node:worker_threads').parentPort.postMessage([name, code]); }
      });`,
      { eval: true },
    );
    const [error] = (await once(worker, 'message')) as [[string, string]];
    expect(error).to.deep.equal(['SignalError', 'ERR_NO_SIGNAL_HUB']);
    await worker.terminate();
  });
});
