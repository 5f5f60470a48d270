import { expect } from 'chai';
import { coreFile } from './core-file.js';
import { jumpingLoop } from './virtual-loop.js';

const { BodyOutcome } = (await coreFile(
  'body-outcome',
)) as typeof import('../../packages/core/dist/body-outcome.js');

describe('core/body-outcome', () => {
  it('BodyOutcome tells how a promise ends, and is not cancelled', async () => {
    const loop = jumpingLoop();
    const error = new RangeError('mine');
    const outcomes = [
      new BodyOutcome(loop, Promise.resolve(1)),
      new BodyOutcome(loop, Promise.reject(error)),
    ];
    expect(outcomes.map((outcome) => outcome.cancel())).to.deep.equal([false, false]);
    const got = await loop.runUntilComplete(async () => Promise.all(outcomes));
    expect(got).to.deep.equal([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: error },
    ]);
  });

  it('BodyOutcome of a loop that was closed is told to nobody', async () => {
    const loop = jumpingLoop();
    const outcome = new BodyOutcome(loop, Promise.resolve(1));
    loop.close();
    await new Promise(setImmediate);
    expect(outcome.done()).to.equal(false);
  });
});
