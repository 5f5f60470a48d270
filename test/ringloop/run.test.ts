import { expect } from 'chai';
import {
  EventLoop,
  getEventLoop,
  getRunningLoop,
  LoopStateError,
  newEventLoop,
  run,
  Runner,
  setEventLoop,
  sleep,
} from 'ringloop';
import { TestEventLoop } from 'ringloop/testing';
import { rejection } from '../rejection.js';

describe('ringloop/run', () => {
  it('run() runs coroutines of all kinds in a new loop with everything, which is the current one', async () => {
    const loops = [
      await run(async () => {
        await sleep(0.001);
        return [getRunningLoop(), getEventLoop()];
      }),
      await run(function* () {
        yield* sleep(0.001);
        return [getRunningLoop(), getEventLoop()];
      }),
    ];
    for (const [running, current] of loops) {
      expect(running).to.be.instanceOf(EventLoop);
      expect(current).to.equal(running);
      expect(running?.isClosed()).to.equal(true);
    }
    expect(loops[0]?.[0]).not.to.equal(loops[1]?.[0]);
    expect(() => getEventLoop()).to.throw(LoopStateError);
  });

  it('run() takes a promise', async () => {
    expect(await run(Promise.resolve('there'))).to.equal('there');
  });

  it('run() rejects as main does, and when a loop runs already', async () => {
    const error = new RangeError('bad');
    expect(await rejection(run(() => Promise.reject(error)))).to.equal(error);
    const again = await run(() => rejection(run(async () => Promise.resolve())));
    expect(again.code).to.equal('ERR_LOOP_RUNNING');
  });

  it('run() sets the debug mode', async () => {
    for (const debug of [true, false]) {
      expect(await run(async () => getRunningLoop().getDebug(), { debug })).to.equal(debug);
    }
  });

  it('run() takes a loop of yours, which does not become the current one', async () => {
    const loop = new TestEventLoop();
    const seen = await run(
      async () => {
        await sleep(3600);
        setEventLoop(null);
        return [getRunningLoop() === loop, loop.time()];
      },
      { loopFactory: () => loop },
    );
    expect([...seen, loop.isClosed()]).to.deep.equal([true, 3600, true]);
  });

  it('Runner runs several mains in one loop, and needs no options', async () => {
    let loop: EventLoop;
    {
      await using runner = new Runner();
      loop = runner.getLoop();
      expect(getEventLoop()).to.equal(loop);
      expect([await runner.run(() => sleep(0, 'a')), await runner.run(() => sleep(0, 'b'))]).to.deep.equal([
        'a',
        'b',
      ]);
      expect(loop.isClosed()).to.equal(false);
    }
    expect(loop.isClosed()).to.equal(true);
    expect(() => getEventLoop()).to.throw(LoopStateError);
  });

  it('newEventLoop() makes a loop and tells nobody', () => {
    const loop = newEventLoop();
    expect(loop).to.be.instanceOf(EventLoop);
    expect(() => getEventLoop()).to.throw(LoopStateError);
    loop.close();
  });
});
