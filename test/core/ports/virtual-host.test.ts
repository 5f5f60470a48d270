import { setImmediate as immediate } from 'node:timers/promises';
import { BaseEventLoop, sleep, VirtualHost } from '@ringloop/core';
import { NEXT_DEADLINE } from '@ringloop/core/internal';
import { expect } from 'chai';

describe('core/virtual-host', () => {
  it('VirtualHost.time() stands still until advance() moves it', async () => {
    const host = new VirtualHost({ startAt: 5 });
    await immediate();
    host.advance(0.25);
    expect(host.time()).to.equal(5.25);
  });

  it('VirtualHost.advance() gives every turn due on the way, at its time', async () => {
    const host = new VirtualHost();
    const loop = new BaseEventLoop({ host });
    const times: number[] = [];
    const tick = (): void => {
      times.push(loop.time());
      loop.callLater(2, tick);
    };
    loop.callLater(1, tick);
    const running = loop.runForever();
    host.advance(6);
    expect([times, host.time()]).to.deep.equal([[1, 3, 5], 6]);
    loop.stop();
    await running;
  });

  it('VirtualHost.advance() does not jump later, when the turns it gave have been forgotten', async () => {
    const host = new VirtualHost();
    const loop = new BaseEventLoop({ host });
    loop.callLater(10, () => undefined);
    const running = loop.runForever();
    host.advance(1);
    await immediate();
    await immediate();
    expect(host.time()).to.equal(1);
    loop.stop();
    await running;
  });

  it('VirtualHost.advance() works with autojump too', async () => {
    const host = new VirtualHost({ autojump: true });
    const loop = new BaseEventLoop({ host });
    const times: number[] = [];
    loop.callLater(1, () => times.push(loop.time()));
    loop.callLater(3, () => {
      times.push(loop.time());
      loop.stop();
    });
    const running = loop.runForever();
    host.advance(2);
    expect(times).to.deep.equal([1]);
    await running;
    expect(times).to.deep.equal([1, 3]);
  });

  it('VirtualHost jumps to the next deadline after promise reactions have run', async () => {
    const host = new VirtualHost({ autojump: true });
    const loop = new BaseEventLoop({ host });
    const ran: string[] = [];
    loop.callLater(1000, () => {
      ran.push(`timer at ${loop.time()}`);
      loop.stop();
    });
    loop.callSoon(() => {
      void Promise.resolve().then(() => loop.callSoon(() => ran.push(`reaction's call at ${loop.time()}`)));
    });
    await loop.runForever();
    expect(ran).to.deep.equal(["reaction's call at 0", 'timer at 1000']);
  });

  it('VirtualHost does not jump when the loop has been stopped', async () => {
    const host = new VirtualHost({ autojump: true });
    const loop = new BaseEventLoop({ host });
    loop.callLater(1000, () => undefined);
    loop.callSoon(() => loop.stop());
    await loop.runForever();
    await immediate();
    expect(host.time()).to.equal(0);
  });

  it('VirtualHost.advance() goes past the end of the run', async () => {
    const host = new VirtualHost();
    const loop = new BaseEventLoop({ host });
    loop.callLater(1, () => loop.stop());
    const running = loop.runForever();
    host.advance(5);
    expect([loop.isRunning(), host.time()]).to.deep.equal([false, 5]);
    await running;
  });

  it('VirtualHost tells when the loop has nothing to do and nothing to leap to', async () => {
    const log: string[] = [];
    const host = new VirtualHost({ autojump: true, onIdle: () => log.push(`idle at ${host.time()}`) });
    const loop = new BaseEventLoop({ host });
    loop.callLater(5, () => {
      log.push('timer');
      void Promise.resolve()
        .then(() => undefined)
        .then(() => loop.callSoon(() => log.push("reaction's call")));
    });
    const running = loop.runForever();
    await immediate();
    await immediate();
    await immediate();
    await immediate();
    await immediate();
    expect(log).to.deep.equal(['timer', "reaction's call", 'idle at 5']);
    loop.stop();
    await running;
    await immediate();
    expect(log.length).to.equal(3);
  });

  it('VirtualHost tells nothing without autojump, and nothing once the loop has been stopped', async () => {
    const log: string[] = [];
    for (const autojump of [true, false]) {
      const host = new VirtualHost({ autojump, onIdle: () => log.push(`idle, ${autojump}`) });
      const loop = new BaseEventLoop({ host });
      const running = loop.runForever();
      if (autojump) loop.stop();
      await immediate();
      await immediate();
      await immediate();
      loop.stop();
      await running;
    }
    expect(log).to.deep.equal([]);
  });

  it('VirtualHost can be told what to do by who hears that it is idle', async () => {
    const host = new VirtualHost({ autojump: true, onIdle: () => loop.callLater(1, () => loop.stop()) });
    const loop = new BaseEventLoop({ host });
    await loop.runForever();
    expect(host.time()).to.equal(1);
  });

  it('VirtualHost.advance() refuses to go back', () => {
    expect(() => new VirtualHost().advance(-1)).to.throw(
      RangeError,
      'Cannot advance by -1 s: the clock is monotonic',
    );
    expect(() => new VirtualHost().advance(NaN)).to.throw(TypeError);
  });

  it('VirtualHost leaps to the next timer that was not cancelled since the loop went to sleep', async () => {
    const loop: BaseEventLoop = new BaseEventLoop({
      host: new VirtualHost({ autojump: true, nextDeadline: () => loop[NEXT_DEADLINE]() }),
    });
    await loop.runUntilComplete(async () => {
      const timer = loop.callLater(100, () => undefined);
      await Promise.resolve();
      timer.cancel();
      await sleep(1);
    });
    expect(loop.time()).to.equal(1);
  });
});
