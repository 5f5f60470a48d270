import { inspect } from 'node:util';
import { type BaseEventLoop, CancelledError, Event, LoopStateError, sleep } from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { jumpingLoop, runOnce } from '../virtual-loop.js';

describe('core/event', () => {
  let loop: BaseEventLoop;
  let event: Event;
  let log: unknown[];

  beforeEach(() => {
    loop = jumpingLoop();
    event = new Event();
    log = [];
  });

  it('Event.wait() of one that is set needs no loop', async () => {
    event.set();
    expect(await event.wait()).to.equal(true);
  });

  it('Event.wait() of one that is not set needs a running loop, and always the same one', async () => {
    expect(() => event.wait())
      .to.throw(LoopStateError)
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
    loop.createTask(async () => event.wait());
    await runOnce(loop);
    const error = await rejection(jumpingLoop().runUntilComplete(async () => event.wait()));
    expect(error).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_OTHER_LOOP');
    expect(error.message).to.equal('<Event [unset, waiters:1]> is bound to a different event loop');
  });

  it('Event.set() wakes all who wait in the order in which they came, generators in one iteration', async () => {
    await loop.runUntilComplete(function* () {
      const tasks = ['a', 'b', 'c'].map((name) =>
        loop.createTask(function* () {
          log.push(yield* event.wait(), name);
        }),
      );
      yield;
      tasks[1]?.cancel();
      event.set();
      event.set();
      yield;
      expect(log).to.deep.equal([true, 'a', true, 'c']);
      expect(inspect(event)).to.equal('<Event [set]>');
    });
  });

  it('Event.set() and clear() in turns wake each who waits at the time once', async () => {
    await loop.runUntilComplete(async () => {
      const waitTwice = async (): Promise<void> => {
        for (const time of [1, 2]) {
          await event.wait();
          log.push(time);
          await sleep(1);
        }
      };
      const task = loop.createTask(waitTwice);
      await sleep(0);
      for (let times = 0; times < 3; times++) {
        event.set();
        event.clear();
      }
      await sleep(5);
      expect([log, event.isSet(), task.done()]).to.deep.equal([[1], false, false]);
      event.set();
      await task;
    });
    expect(log).to.deep.equal([1, 2]);
  });

  it('Event.wait() throws a cancellation also where the event was set in the same iteration', async () => {
    for (const main of [
      async () => event.wait(),
      function* () {
        return yield* event.wait();
      },
    ]) {
      event.clear();
      const task = loop.createTask<true>(main);
      await runOnce(loop);
      event.set();
      task.cancel();
      expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
      expect(inspect(event)).to.equal('<Event [set]>');
    }
  });

  it('Event wakes 10,000, though it is set 10,000 times', async () => {
    await loop.runUntilComplete(function* () {
      const tasks = Array.from({ length: 10_000 }, () =>
        loop.createTask(function* () {
          return yield* event.wait();
        }),
      );
      yield;
      for (let times = 0; times < 10_000; times++) {
        event.set();
        event.clear();
      }
      yield;
      expect(tasks.filter((task) => task.done())).to.have.length(10_000);
    });
  }).slow(2000);
});
