import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import { BaseEventLoop, VirtualHost } from '@ringloop/core';
import { expect } from 'chai';

function greet(...names: unknown[]): number {
  return names.length; // only the function's own name matters
}

describe('core/timer-handle', () => {
  let host: VirtualHost;
  let loop: BaseEventLoop;
  let ran: string[];
  const note = (what: string): void => void ran.push(what);

  /** Runs the loop until `advance` is over. */
  async function running(advance: () => void): Promise<void> {
    const run = loop.runForever();
    advance();
    loop.stop();
    await run;
  }

  beforeEach(() => {
    host = new VirtualHost({ startAt: 100 });
    loop = new BaseEventLoop({ host });
    ran = [];
  });

  // uvloop test_loop_call_later_handle_when and …_when_after_fired
  it('TimerHandle.when() is the time due, also after cancel() and after it has run', async () => {
    const fired = loop.callLater(1, note, 'fired');
    const cancelled = loop.callAt(103, note, 'cancelled');
    cancelled.cancel();
    await running(() => host.advance(5));
    expect([ran, fired.when(), cancelled.when()]).to.deep.equal([['fired'], 101, 103]);
  });

  it('TimerHandle shows its time, and once it is cancelled neither function nor arguments', () => {
    const handle = loop.callAt(3, greet, 1);
    expect(inspect(handle)).to.equal('<TimerHandle when=3 greet(1)>');
    handle.cancel();
    expect(inspect(handle)).to.equal('<TimerHandle cancelled when=3>');
  });

  // CPython TimerTests.test_repr_debug
  it('TimerHandle shows in debug mode where it was created', () => {
    loop.setDebug(true);
    const handle = loop.callAt(3, greet, 1);
    expect(inspect(handle)).to.match(
      /^<TimerHandle when=3 greet\(1\) created at \/.*timer-handle\.test\.[jt]s:\d+:\d+>$/,
    );
  });

  it('TimerHandle.cancel() after it has run, or a second time, changes nothing for other timers', async () => {
    const fired = loop.callLater(1, note, 'fired');
    const cancelled = loop.callLater(2, note, 'cancelled');
    loop.callLater(3, note, 'last');
    await running(() => {
      host.advance(1);
      fired.cancel();
      cancelled.cancel();
      cancelled.cancel();
      host.advance(2);
    });
    expect([ran, fired.cancelled()]).to.deep.equal([['fired', 'last'], true]);
  });

  it('TimerHandle.cancel() between the time and the call keeps it from running', async () => {
    loop.callLater(1, () => second.cancel());
    const second = loop.callLater(1, note, 'second');
    await running(() => host.advance(1));
    expect(ran).to.deep.equal([]);
  });

  it('TimerHandle runs in the context that it was scheduled in', async () => {
    const storage = new AsyncLocalStorage<string>();
    const see = (): void => void ran.push(String(storage.getStore()));
    storage.run('here', () => loop.callLater(1, see));
    loop.callLater(2, see);
    await running(() => storage.run('elsewhere', () => host.advance(3)));
    expect(ran).to.deep.equal(['here', 'undefined']);
  });
});
