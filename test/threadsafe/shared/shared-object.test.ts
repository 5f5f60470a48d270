import { expect } from 'chai';
import {
  CancelToken,
  LoopGroup,
  SharedBoundedSemaphore,
  SharedEvent,
  SharedLock,
  SharedQueue,
  SharedSemaphore,
} from '@ringloop/threadsafe';
import { cross } from '../crossing.js';
import { createLoop } from '../fixtures/calls.js';
import { addUnderLock } from './fixtures/work.js';

describe('viewOf()', () => {
  const make = {
    CancelToken: () => new CancelToken(),
    SharedBoundedSemaphore: () => new SharedBoundedSemaphore(),
    SharedEvent: () => new SharedEvent(),
    SharedLock: () => new SharedLock(),
    SharedQueue: () => new SharedQueue(),
    SharedSemaphore: () => new SharedSemaphore(),
  };
  for (const [kind, create] of Object.entries(make)) {
    it(`viewOf() gives a thread one ${kind} however often it arrives`, () => {
      const sent = create();
      const [first, second] = [cross(sent)[0], cross({ in: [sent] })[0]] as [unknown, { in: unknown[] }];
      expect([first, second.in[0]]).to.deep.equal([sent, sent]);
      const wireClass = sent.constructor as unknown as { fromWire(wire: unknown): unknown }; // all of them have it
      expect(wireClass.fromWire(structuredClone(sent.toWire()))).to.equal(sent);
      expect(cross(create())[0]).not.to.equal(sent);
    });
  }

  it('viewOf() lets any number of tasks of a thread wait for one lock', async () => {
    await using group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
    const lock = new SharedLock();
    const words = new Int32Array(new SharedArrayBuffer(4));
    const tasks = Array.from({ length: 300 }, () =>
      group.next().runCoroutineThreadsafe(addUnderLock, lock, words, 1),
    );
    await Promise.all(tasks);
    expect(words[0]).to.equal(300);
  });
});
