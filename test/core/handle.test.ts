import { inspect } from 'node:util';
import { BaseEventLoop, VirtualHost } from '@ringloop/core';
import { expect } from 'chai';
import { reportsOf, runOnce } from './virtual-loop.js';

function greet(...names: unknown[]): number {
  return names.length; // only the function's own name matters
}

describe('core/handle', () => {
  let loop: BaseEventLoop;
  let ran: string[];
  const note = (what: string): void => void ran.push(what);

  beforeEach(() => {
    loop = new BaseEventLoop({ host: new VirtualHost() });
    ran = [];
  });

  // CPython HandleTests.test_handle
  it('Handle.cancel() can be repeated', () => {
    const handle = loop.callSoon(greet);
    expect(handle.cancelled()).to.equal(false);
    handle.cancel();
    handle.cancel();
    expect(handle.cancelled()).to.equal(true);
  });

  it('Handle.cancel() of the next handle of the same batch keeps it from running', async () => {
    loop.callSoon(note, 'A');
    loop.callSoon(() => {
      ran.push('B');
      next.cancel();
    });
    const next = loop.callSoon(note, 'C');
    loop.callSoon(note, 'D');
    await runOnce(loop);
    expect(ran).to.deep.equal(['A', 'B', 'D']);
  });

  // CPython EventLoopTests.test_call_soon_threadsafe_handle_cancel_same_thread
  it('Handle.cancel() within its own callback lets it finish', async () => {
    const handle = loop.callSoon(() => {
      handle.cancel();
      ran.push('finished');
    });
    await runOnce(loop);
    expect([...ran, handle.cancelled()]).to.deep.equal(['finished', true]);
  });

  it('Handle.cancelled() stays false when the callback has run', async () => {
    const handle = loop.callSoon(note, 'A');
    await runOnce(loop);
    expect([...ran, handle.cancelled()]).to.deep.equal(['A', false]);
    handle.cancel();
    await runOnce(loop);
    expect([...ran, handle.cancelled()]).to.deep.equal(['A', true]);
  });

  it('Handle shows its call, and once cancelled neither function nor arguments', () => {
    const handle = loop.callSoon(greet, 'world', { deep: { er: 1 } });
    expect(inspect(handle)).to.equal("<Handle greet('world', { deep: [Object] })>");
    handle.cancel();
    expect(inspect(handle)).to.equal('<Handle cancelled>');
    expect(inspect(loop.callSoon(() => undefined))).to.equal('<Handle (anonymous)()>');
  });

  // CPython BaseEventLoopTests.test_call_soon_non_callable and EventLoopTests.test_callback_with_exception
  it('Handle reports what its callback throws, and the loop goes on', async () => {
    const reports = reportsOf(loop);
    const error = new Error('boom');
    const handle = loop.callSoon(function zeroError(dividend: number) {
      if (dividend > 0) throw error;
    }, 7);
    loop.callSoon(note, 'next');
    await runOnce(loop);
    expect(ran).to.deep.equal(['next']);
    expect(reports).to.deep.equal([
      { message: 'Exception in callback zeroError(7)', exception: error, handle },
    ]);
  });

  it('Handle reports what is thrown that is no Error as the cause of one', async () => {
    const reports = reportsOf(loop);
    const thrown: unknown[] = ['text', undefined, Object.create(null)]; // String() fails on the last one
    for (const each of thrown) {
      loop.callSoon(() => {
        throw each;
      });
    }
    await runOnce(loop);
    expect(reports.map(({ exception }) => exception?.cause)).to.deep.equal(thrown);
    expect(reports.map(({ exception }) => exception?.message)).to.deep.equal([
      "Thrown: 'text'",
      'Thrown: undefined',
      'Thrown: [Object: null prototype] {}',
    ]);
  });

  it('Handle reports an error although an argument cannot be shown and the name is no string', async () => {
    const reports = reportsOf(loop);
    const secretive = {
      [inspect.custom]() {
        throw new Error('cannot be shown');
      },
    };
    const callback = (shy: object): void => {
      throw new Error('boom', { cause: shy });
    };
    Object.defineProperty(callback, 'name', { value: Symbol('name') });
    loop.callSoon(callback, secretive);
    await runOnce(loop);
    expect(reports.map(({ message }) => message)).to.deep.equal([
      'Exception in callback (anonymous)(<object that cannot be inspected>)',
    ]);
  });

  // uvloop test_loop_call_later_handle_when and …_when_after_fired
  it('TimerHandle.when() is the time due, also after cancel() and after it has run', async () => {
    const host = new VirtualHost({ startAt: 100 });
    loop = new BaseEventLoop({ host });
    const fired = loop.callLater(1, note, 'fired');
    const cancelled = loop.callAt(103, note, 'cancelled');
    cancelled.cancel();
    const running = loop.runForever();
    host.advance(5);
    loop.stop();
    await running;
    expect([ran, fired.when(), cancelled.when()]).to.deep.equal([['fired'], 101, 103]);
  });

  it('TimerHandle shows its time until it is cancelled', () => {
    const handle = loop.callAt(3, greet, 1);
    expect(inspect(handle)).to.equal('<TimerHandle when=3 greet(1)>');
    handle.cancel();
    expect(inspect(handle)).to.equal('<TimerHandle cancelled>');
  });
});
