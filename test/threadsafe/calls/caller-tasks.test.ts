import { expect } from 'chai';
import { LoopGroup } from '@ringloop/threadsafe';
import { createLoop, echo } from '../fixtures/calls.js';
import { strangeErrors, throwStrange, throwStrangeLater } from '../fixtures/strange-errors.js';
import { rejection } from '../../rejection.js';

/** Of this the task itself, in the core, tells that it cannot be looked at: any question for its class throws. */
const BEYOND_TASKS = ['one of a class whose prototypes never end'];

describe('Caller', function () {
  this.slow(250);
  let group: LoopGroup;

  before(async () => {
    group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
  });
  after(() => group.close());

  for (const [what, make] of Object.entries(strangeErrors)) {
    if (BEYOND_TASKS.includes(what)) continue;
    it(`Caller.taskDone() sends the caller some outcome, and the lane stays usable: ${what}`, async () => {
      const ref = group.next();
      const [, message] = make();
      for (const fn of [throwStrange, throwStrangeLater]) {
        const told = await rejection(ref.runCoroutineThreadsafe(fn, what));
        expect(told).to.be.instanceOf(Error);
        expect(told.message).to.include(message);
        expect(await ref.runCoroutineThreadsafe(echo, 'next')).to.deep.equal(['next']);
      }
    });
  }
});
