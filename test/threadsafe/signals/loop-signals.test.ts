/** The handlers of one loop in the main thread: contract rows A14. Signals from outside and other threads: test/ringloop/signals.test.ts. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as immediate } from 'node:timers/promises';
import { EventLoop, LoopStateError, SignalError } from 'ringloop';
import { TestEventLoop } from 'ringloop/testing';
import { expect } from 'chai';
import sinon from 'sinon';
import { thrownBy } from '../../rejection.js';

const nothing: (...args: unknown[]) => void = () => undefined;

describe('threadsafe/signals/loop-signals', () => {
  let loop: EventLoop;

  beforeEach(() => {
    loop = new EventLoop({ name: 'signalled' });
  });

  afterEach(() => {
    sinon.restore();
    loop.close();
    expect(process.listenerCount('SIGUSR2'), 'listeners').to.equal(0);
  });

  const arrive = (signal: NodeJS.Signals = 'SIGUSR2'): boolean => process.emit(signal, signal);

  /** Runs until nothing is ready any more. */
  async function runAll(): Promise<void> {
    loop.callLater(0, () => loop.stop());
    await loop.runForever();
  }

  it('addSignalHandler() calls back with the arguments, in the loop and not within the signal', async () => {
    const ran: unknown[] = [];
    loop.addSignalHandler('SIGUSR2', (...args: unknown[]) => ran.push(args), 1, 'b');
    arrive();
    expect(ran).to.deep.equal([]);
    await runAll();
    expect(ran).to.deep.equal([[1, 'b']]);
  });

  it('addSignalHandler() takes a number, and handles the same signal as with the name', () => {
    loop.addSignalHandler(12, nothing);
    expect(loop.removeSignalHandler('SIGUSR2')).to.equal(true);
  });

  it('addSignalHandler() replaces the handler, and listens once', async () => {
    const ran: string[] = [];
    loop.addSignalHandler('SIGUSR2', () => ran.push('first'));
    loop.addSignalHandler('SIGUSR2', () => ran.push('second'));
    expect(process.listenerCount('SIGUSR2')).to.equal(1);
    arrive();
    await runAll();
    expect(ran).to.deep.equal(['second']);
    expect([loop.removeSignalHandler('SIGUSR2'), loop.removeSignalHandler('SIGUSR2')]).to.deep.equal([
      true,
      false,
    ]);
  });

  it('addSignalHandler() keeps the context of its call', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    storage.run('here', () => loop.addSignalHandler('SIGUSR2', () => seen.push(storage.getStore())));
    storage.run('elsewhere', () => arrive());
    await runAll();
    expect(seen).to.deep.equal(['here']);
  });

  it('a handler that throws is reported to the exception handler, and stays', async () => {
    const reports: unknown[] = [];
    loop.setExceptionHandler((_, { message, exception }) => reports.push([message, exception?.message]));
    loop.addSignalHandler('SIGUSR2', function failing() {
      throw new Error('on purpose');
    });
    for (let n = 0; n < 2; n++) {
      arrive();
      await runAll();
    }
    const report = ['Exception in callback failing()', 'on purpose'];
    expect(reports).to.deep.equal([report, report]);
  });

  it('a signal that comes while the loop does not run is handled when it runs', async () => {
    let ran = 0;
    loop.addSignalHandler('SIGUSR2', () => ran++);
    await runAll();
    for (let n = 0; n < 5; n++) arrive(); // they may be delivered once
    await runAll();
    expect(ran).to.equal(1);
    arrive();
    await runAll();
    expect(ran).to.equal(2);
  });

  it('a signal that has arrived is dropped if the handler is removed before its turn', async () => {
    loop.addSignalHandler('SIGUSR2', () => expect.fail('It ran'));
    arrive();
    loop.removeSignalHandler('SIGUSR2');
    await runAll();
  });

  it('a handler may remove itself, and add another', async () => {
    const ran: string[] = [];
    loop.addSignalHandler('SIGUSR2', () => {
      ran.push('first');
      loop.removeSignalHandler('SIGUSR2');
      loop.addSignalHandler('SIGUSR2', () => ran.push('second'));
    });
    arrive();
    await runAll();
    arrive();
    await runAll();
    expect(ran).to.deep.equal(['first', 'second']);
  });

  it('close() removes all handlers, also after signals have arrived', () => {
    loop.addSignalHandler('SIGUSR2', nothing);
    loop.addSignalHandler('SIGHUP', nothing);
    arrive();
    loop.close();
    expect([process.listenerCount('SIGUSR2'), process.listenerCount('SIGHUP')]).to.deep.equal([0, 0]);
    expect(loop.removeSignalHandler('SIGUSR2')).to.equal(false);
  });

  it('two loops of a thread have handlers of their own for one signal', async () => {
    const other = new EventLoop();
    const ran: string[] = [];
    loop.addSignalHandler('SIGUSR2', () => ran.push('one'));
    other.addSignalHandler('SIGUSR2', () => ran.push('other'));
    arrive();
    await runAll();
    other.callLater(0, () => other.stop());
    await other.runForever();
    expect(ran).to.deep.equal(['one', 'other']);
    other.close();
    expect(process.listenerCount('SIGUSR2')).to.equal(1);
  });

  it('resources() lists the handlers', () => {
    loop.addSignalHandler('SIGUSR2', nothing, 5);
    expect(loop.resources()).to.deep.equal([
      {
        kind: 'signal handler',
        name: 'SIGUSR2: <Handle nothing(5)>',
        sourceTraceback: undefined,
        isEnding: false,
      },
    ]);
    loop.removeSignalHandler('SIGUSR2');
    expect(loop.resources()).to.deep.equal([]);
  });

  it('a loop in virtual time that handles a signal is not deadlocked', async () => {
    const virtual = new TestEventLoop();
    virtual.addSignalHandler('SIGUSR2', () => virtual.stop());
    const over = virtual.runForever();
    await immediate();
    await immediate();
    arrive();
    await over;
    virtual.close();
  });

  describe('refuses, and changes nothing:', () => {
    const refusals: [string, unknown, unknown, object][] = [
      ['a callback that is none', 'SIGUSR2', 'x', { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }],
      [
        'an async function, before it looks at the signal',
        'boom',
        async () => undefined,
        { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' },
      ],
      ['an unknown name', 'boom', nothing, { name: 'TypeError', code: 'ERR_UNKNOWN_SIGNAL' }],
      ['what is neither name nor number', null, nothing, { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }],
      ['an impossible number', 0, nothing, { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }],
      ['a real-time signal', 40, nothing, { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }],
      [
        'SIGKILL',
        'SIGKILL',
        nothing,
        { name: 'SignalError', code: 'ERR_UNCATCHABLE_SIGNAL', message: 'SIGKILL cannot be caught' },
      ],
      [
        'SIGSTOP',
        19,
        nothing,
        { name: 'SignalError', code: 'ERR_UNCATCHABLE_SIGNAL', message: 'SIGSTOP cannot be caught' },
      ],
    ];
    for (const [what, signal, callback, error] of refusals) {
      it(what, async () => {
        loop.addSignalHandler('SIGUSR2', nothing);
        const before = loop.resources();
        expect(
          await thrownBy(() => loop.addSignalHandler(signal as 'SIGUSR2', callback as () => void)),
        ).to.include(error);
        expect(loop.resources()).to.deep.equal(before);
      });
    }

    it('anything once the loop is closed', async () => {
      loop.close();
      const error = await thrownBy(() => loop.addSignalHandler('SIGUSR2', nothing));
      expect(error).to.be.instanceOf(LoopStateError);
      expect(error).to.include({ code: 'ERR_LOOP_CLOSED', message: 'Event loop is closed' });
      expect((await thrownBy(() => loop.addSignalHandler(0, nothing))).name).to.equal('RangeError');
    });

    it('what the system refuses', async () => {
      const refusal = Object.assign(new Error('uv_signal_start EINVAL'), { code: 'EINVAL', errno: -22 });
      sinon.stub(process, 'on').throws(refusal);
      const error = await thrownBy(() => loop.addSignalHandler('SIGUSR2', nothing));
      expect(error).to.be.instanceOf(SignalError);
      expect(error).to.include({ code: 'ERR_UNCATCHABLE_SIGNAL', cause: refusal });
      expect(loop.resources()).to.deep.equal([]);
    });
  });

  it('removeSignalHandler() checks the signal, and returns false for SIGKILL', async () => {
    expect(loop.removeSignalHandler('SIGKILL')).to.equal(false);
    expect(await thrownBy(() => loop.removeSignalHandler('boom' as 'SIGUSR2'))).to.include({
      code: 'ERR_UNKNOWN_SIGNAL',
    });
    expect(await thrownBy(() => loop.removeSignalHandler(-1))).to.include({ code: 'ERR_OUT_OF_RANGE' });
  });
});
