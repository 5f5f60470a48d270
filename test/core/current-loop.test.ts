import { getEventLoop, LoopStateError, setEventLoop, sleep } from '@ringloop/core';
import { expect } from 'chai';
import { jumpingLoop } from './virtual-loop.js';

describe('core/current-loop', () => {
  afterEach(() => {
    setEventLoop(null);
  });

  // CPython 3.14: no loop is made
  it('getEventLoop() makes no loop', () => {
    expect(() => getEventLoop())
      .to.throw(LoopStateError, 'There is no current event loop in this thread.')
      .with.property('code', 'ERR_NO_CURRENT_LOOP');
  });

  it('getEventLoop() returns the loop that was set, until setEventLoop(null)', () => {
    const loop = jumpingLoop();
    setEventLoop(loop);
    expect(getEventLoop()).to.equal(loop);
    setEventLoop(null);
    expect(() => getEventLoop()).to.throw(LoopStateError);
  });

  // CPython GetEventLoopTestsMixin.test_get_event_loop_returns_running_loop
  it('getEventLoop() within a loop is that loop, whatever was set', async () => {
    const loop = jumpingLoop();
    const other = jumpingLoop();
    setEventLoop(other);
    const seen = await loop.runUntilComplete(async () => {
      const loops = [getEventLoop()];
      setEventLoop(null);
      await sleep(1);
      return [...loops, getEventLoop()];
    });
    expect(seen).to.deep.equal([loop, loop]);
    expect(() => getEventLoop()).to.throw(LoopStateError);
  });

  it('setEventLoop() refuses what is no loop', () => {
    for (const value of [5, 'spam', {}, undefined]) {
      expect(() => setEventLoop(value as never)).to.throw(TypeError);
    }
  });
});
