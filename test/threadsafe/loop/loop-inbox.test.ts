import { expect } from 'chai';
import { BaseEventLoop, sleep } from '@ringloop/core';
import { type Ready, RUN } from '@ringloop/core/internal';
import { LoopInbox } from '@ringloop/threadsafe/internal';
import { collectGarbage } from '../../core/collect-garbage.js';
import { loopWithInbox, note, noted } from '../fixtures/calls.js';

describe('LoopInbox', () => {
  it('seal() resolves when all that got in has run, although the loop never comes to rest', async () => {
    const loop = new BaseEventLoop();
    const ready: Ready[] = [];
    const addReady = (entry: Ready): void => void ready.push(entry);
    const inbox = new LoopInbox({
      loop,
      addReady,
      putBack: addReady,
      mayGoOn: () => true,
      wake: () => undefined,
    });
    inbox.ref.callSoonThreadsafe(note, 'got in');
    const sealed = inbox.seal();
    expect(() => inbox.ref.callSoonThreadsafe(note, 'too late')).to.throw('Event loop is closed');
    for (const entry of ready.splice(0)) entry[RUN]();
    inbox.drain(); // as each turn begins; park() is never called
    await sealed;
    expect(noted.splice(0)).to.deep.equal(['got in']);
    inbox.close();
    loop.close();
  });

  // A waiter that nobody wakes is kept for ever, with all that its promise leads to.
  it('close() lets go of the loop and of its memory', async () => {
    let collected = 0;
    const loops = new FinalizationRegistry(() => collected++);
    for (let i = 0; i < 10; i++) loops.register(await sleepAndClose(), i);
    await collectGarbage(() => collected >= 8);
    expect(collected).to.be.at.least(8); // the stack may still hold the last one
  });
});

async function sleepAndClose(): Promise<BaseEventLoop> {
  const { loop } = loopWithInbox();
  await loop.runUntilComplete(() => sleep(0.001));
  loop.close();
  return loop;
}
