import { expect } from 'chai';
import { BaseEventLoop } from '@ringloop/core';
import { type Ready, RUN } from '@ringloop/core/internal';
import { LoopInbox } from '@ringloop/threadsafe/internal';
import { note, noted } from './fixtures/calls.js';

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
});
