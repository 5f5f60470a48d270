import { expect } from 'chai';
import {
  BaseEventLoop,
  EventLoop,
  getEventLoop,
  getRunningLoop,
  LoopGroup,
  LoopStateError,
  newEventLoop,
  run,
  setEventLoop,
  sleep,
} from 'ringloop';
import { answer } from './fixtures/answers.js';

describe('ringloop/event-loop', () => {
  afterEach(() => {
    setEventLoop(null);
  });

  it('getEventLoop() is the loop that was set, or the one that runs', async () => {
    const loop = newEventLoop();
    setEventLoop(loop);
    expect(getEventLoop()).to.equal(loop);
    expect(await run(async () => getEventLoop() === getRunningLoop() && getEventLoop() !== loop)).to.equal(
      true,
    );
    loop.close();
  });

  it('getEventLoop() makes no loop', () => {
    expect(() => getEventLoop())
      .to.throw(LoopStateError, 'There is no current event loop in this thread.')
      .with.property('code', 'ERR_NO_CURRENT_LOOP');
  });

  it('getEventLoop() and getRunningLoop() give no loop that was made elsewhere', async () => {
    const bare = new BaseEventLoop();
    setEventLoop(bare);
    expect(() => getEventLoop())
      .to.throw(LoopStateError, 'The current event loop was not made by ringloop')
      .with.property('code', 'ERR_NO_CURRENT_LOOP');
    await bare.runUntilComplete(async () => {
      expect(() => getRunningLoop())
        .to.throw(LoopStateError, 'The running event loop was not made by ringloop')
        .with.property('code', 'ERR_NO_RUNNING_LOOP');
      await sleep(0);
    });
    bare.close();
  });

  it('EventLoop counts the calls it has sent and received', async () => {
    await using group = await LoopGroup.spawn({ loops: 1 });
    await run(async () => {
      const loop = getRunningLoop();
      const before = loop.statistics();
      expect(await group.loops[0]?.runCoroutineThreadsafe(answer, 1, 'there')).to.equal('there');
      expect(loop.statistics().callsSent).to.equal(before.callsSent + 1);
      expect(loop.statistics().callsReceived).to.be.a('number');
    });
  });

  it('EventLoop refuses an inbox that is none of ringloop', () => {
    const openInbox = () => ({
      signalled: false,
      drain: () => undefined,
      park: () => 'asleep' as const,
      seal: () => Promise.resolve(),
      close: () => undefined,
    });
    expect(() => new EventLoop({ openInbox })).to.throw(TypeError, 'openInbox must open a LoopInbox');
  });
});
