import { inspect } from 'node:util';
import { expect } from 'chai';
import { sleep, TimeoutError, waitFor } from '@ringloop/core';
import { LoopGroup, SharedEvent, SharedSemaphore } from '@ringloop/threadsafe';
import { createLoop } from '../fixtures/calls.js';
import { jumpingLoop } from '../../core/virtual-loop.js';
import { inLoop } from './fixtures/in-loop.js';
import { awaitEvent, setEvent } from './fixtures/work.js';

describe('SharedEvent', () => {
  it('wait() goes on once it is set, also when it is cleared at once', () =>
    // CPython EventTests.test_clear_with_waiters
    inLoop(async () => {
      const event = new SharedEvent();
      const waiting = event.wait();
      await sleep(0);
      expect(inspect(event)).to.equal('<SharedEvent [unset, waiters:1]>');
      event.set();
      event.clear();
      expect(await waiting).to.equal(true);
      expect(inspect(event)).to.equal('<SharedEvent [unset]>');
    }));

  it('wait() can be given up after a time, a thousand times, and works then', () =>
    jumpingLoop().runUntilComplete(async () => {
      const event = new SharedEvent();
      for (let n = 0; n < 1000; n++) {
        const late: unknown = await waitFor(event.wait(), 1).catch((thrown: unknown) => thrown);
        if (!(late instanceof TimeoutError)) throw late;
      }
      const waiting = event.wait();
      event.set();
      expect(await waiting).to.equal(true);
    })).slow(2000);

  it('isSet(), set() and clear() need no loop', () => {
    const event = new SharedEvent();
    event.set();
    event.set();
    expect(SharedEvent.fromWire(structuredClone(event.toWire())).isSet()).to.equal(true);
    event.clear();
    expect(event.isSet()).to.equal(false);
  });

  it('set() wakes all threads', () =>
    inLoop(async () => {
      await using group = await LoopGroup.spawn({ loops: 3, loopFactory: createLoop });
      const event = new SharedEvent();
      const ready = new SharedSemaphore(0);
      const waiting = group.loops.map((there) => there.runCoroutineThreadsafe(awaitEvent, event, ready));
      for (let n = 0; n < 3; n++) await ready.acquire();
      event.set();
      event.clear();
      expect(new Set(await Promise.all(waiting)).size).to.equal(3);
    }));

  it('wait() of a loop that has nothing else to do is woken by another thread', () =>
    inLoop(async () => {
      await using group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
      const event = new SharedEvent();
      const waiting = event.wait();
      group.next().callSoonThreadsafe(setEvent, event);
      expect(await waiting).to.equal(true);
    }));
});
