import { getRunningLoop, LoopStateError } from '@ringloop/core';
import { peekRunningLoop } from '@ringloop/core/internal';
import { expect } from 'chai';
import { jumpingLoop, runOnce } from './virtual-loop.js';

describe('core/running-loop', () => {
  it('getRunningLoop() is the loop that runs, between its iterations too', async () => {
    const loop = jumpingLoop();
    const seen: unknown[] = [];
    loop.callSoon(() => seen.push(getRunningLoop()));
    loop.createTask(async () => {
      await Promise.resolve();
      seen.push(getRunningLoop());
    });
    await runOnce(loop); // the task goes on after the last batch, which is still part of the run
    expect(seen).to.deep.equal([loop, loop]);
  });

  it('getRunningLoop() throws where none runs', () => {
    expect(peekRunningLoop()).to.equal(null);
    expect(() => getRunningLoop())
      .to.throw(LoopStateError, 'no running event loop')
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
  });
});
