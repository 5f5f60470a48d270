/**
 * Cases 3.13 of the list: signals in asyncio and uvloop. Each runs as a program of its own, which the test signals: a process has
 * one set of signals. Sources: CPython's test_events.py and test_unix_events.py, uvloop's test_signals.py.
 */
import { constants } from 'node:os';
import { EventLoop } from 'ringloop';
import { expect } from 'chai';
import { thrownBy } from '../rejection.js';
import { SignalChild } from '../ringloop/signal-child.js';

describe('conformance/signals', function () {
  this.slow(3000); // processes

  let loop: EventLoop;
  const handler = (): void => undefined;
  beforeEach(() => (loop = new EventLoop()));
  afterEach(() => loop.close());

  const caught = (): number => process.listenerCount('SIGHUP');

  it('EventLoopTestsMixin.test_add_signal_handler: what is no signal is refused, and a handler is called', async () => {
    for (const [signal, error] of [
      ['boom', TypeError],
      [65, RangeError],
      [0, RangeError],
      [-1, RangeError],
    ] as const) {
      expect(await thrownBy(() => loop.addSignalHandler(signal as number, handler))).to.be.instanceOf(error);
      expect(await thrownBy(() => loop.removeSignalHandler(signal as number))).to.be.instanceOf(error);
    }
    expect(await thrownBy(() => loop.addSignalHandler('SIGKILL', handler))).to.include({
      name: 'SignalError',
    });
    expect(loop.removeSignalHandler('SIGKILL')).to.equal(false);
    const child = new SignalChild('two loops');
    await child.line('ready');
    child.send('SIGUSR2');
    await child.linesInAnyOrder(['main SIGUSR2', 'worker-0 SIGUSR2']);
    child.send('SIGTERM');
    expect((await child.ended()).signal).to.equal('SIGTERM'); // which nobody handles there
  });

  it('EventLoopTestsMixin.test_signal_handling_while_selecting: a signal wakes a loop that sleeps', async () => {
    const child = new SignalChild('while selecting');
    await child.line('ready');
    child.send('SIGUSR2');
    const { code, lines } = await child.ended();
    expect({ code, lines }).to.deep.equal({ code: 0, lines: ['ready', 'caught', 'removed true'] });
  });

  it('EventLoopTestsMixin.test_signal_handling_args: the arguments are passed on', async () => {
    const child = new SignalChild('args');
    await child.line('ready');
    child.send('SIGUSR2');
    const { code, lines } = await child.ended();
    expect({ code, lines }).to.deep.equal({ code: 0, lines: ['ready', '["a",[1]]'] });
  });

  it('SelectorEventLoopSignalTests.test_check_signal: what is no signal is refused', async () => {
    expect(await thrownBy(() => loop.addSignalHandler('1' as 'SIGHUP', handler))).to.be.instanceOf(TypeError);
    expect(await thrownBy(() => loop.addSignalHandler(65, handler))).to.be.instanceOf(RangeError);
  });

  it('SelectorEventLoopSignalTests.test_handle_signal_no_handler: nothing happens', async () => {
    loop.addSignalHandler('SIGHUP', () => expect.fail('It ran'));
    process.emit('SIGHUP', 'SIGHUP');
    loop.removeSignalHandler('SIGHUP');
    loop.callLater(0, () => loop.stop());
    await loop.runForever();
  });

  it('SelectorEventLoopSignalTests.test_add_signal_handler_coroutine_error: a coroutine function is refused first', async () => {
    for (const coroutine of [
      async () => undefined,
      function* () {
        yield;
      },
    ]) {
      const error = await thrownBy(() => loop.addSignalHandler('SIGINT', coroutine));
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message).to.match(/^coroutines cannot be used with addSignalHandler\(\)/);
    }
  });

  it('SelectorEventLoopSignalTests.test_add_signal_handler, test_remove_signal_handler: one is added, and removed', () => {
    const before = caught();
    loop.addSignalHandler(constants.signals.SIGHUP, handler);
    expect(caught()).to.equal(before + 1);
    expect(loop.removeSignalHandler(constants.signals.SIGHUP)).to.equal(true);
    expect(caught()).to.equal(before);
    expect(loop.removeSignalHandler(constants.signals.SIGHUP)).to.equal(false);
  });

  it('SelectorEventLoopSignalTests.test_add_signal_handler_install_error2: what the system refuses is not added', async () => {
    const error = await thrownBy(() => loop.addSignalHandler('SIGKILL', handler));
    expect(error).to.include({ name: 'SignalError', message: 'SIGKILL cannot be caught' });
    expect(loop.removeSignalHandler('SIGKILL')).to.equal(false);
  });

  it('SelectorEventLoopSignalTests.test_remove_signal_handler_2: SIGINT does what it did before', async () => {
    const child = new SignalChild('run and handler');
    await child.line('ready');
    child.send('SIGINT');
    await child.line('handler of before');
    for (let n = 0; n < 2; n++) {
      child.send('SIGUSR2');
      await child.line('next');
    }
    child.send('SIGINT');
    await child.line('KeyboardInterrupt');
    expect((await child.ended()).code).to.equal(0);
  });

  it('SelectorEventLoopSignalTests.test_close: the handlers are removed', () => {
    const before = [caught(), process.listenerCount('SIGCHLD')];
    loop.addSignalHandler('SIGHUP', handler);
    loop.addSignalHandler('SIGCHLD', handler);
    loop.close();
    expect([caught(), process.listenerCount('SIGCHLD')]).to.deep.equal(before);
  });

  it('uvloop _TestSignal.test_signals_sigint_uvcode: Ctrl-C while the loop is idle comes out of run(), and what must be cleaned up is', async () => {
    const child = new SignalChild('keyboard interrupt');
    await child.line('READY');
    child.send('SIGINT');
    const { code, lines } = await child.ended();
    expect({ code, lines }).to.deep.equal({ code: 0, lines: ['READY', 'cleaned up', 'oups', 'done'] });
  });

  it('uvloop _TestSignal.test_signals_sigint_and_custom_handler: a handler for SIGINT takes the place of KeyboardInterrupt', async () => {
    const child = new SignalChild('run and handler');
    await child.line('ready');
    child.send('SIGINT');
    await child.line('handler of before');
    child.send('SIGKILL');
    expect((await child.ended()).lines).to.deep.equal(['ready', 'handler of before']);
  });

  it('uvloop _TestSignal.test_signals_and_custom_handler_1: a handler removes another, and that signal ends the process again', async () => {
    const child = new SignalChild('custom handlers');
    await child.line('READY');
    for (let n = 0; n < 2; n++) {
      child.send('SIGUSR2');
      await child.line('GOTIT');
    }
    child.send('SIGUSR1');
    await child.line('REMOVED');
    child.send('SIGUSR2');
    const { signal, lines, stderr } = await child.ended();
    expect({ signal, lines, stderr }).to.deep.equal({
      signal: 'SIGUSR2',
      lines: ['READY', 'GOTIT', 'GOTIT', 'REMOVED'],
      stderr: '',
    });
  });

  it('ran multi-loop: loops of several threads handle the same signal', async () => {
    const child = new SignalChild('four workers');
    await child.line('ready');
    child.send('SIGUSR2');
    await child.linesInAnyOrder(['loop-0', 'loop-1', 'loop-2', 'loop-3'].map((name) => `${name} SIGUSR2`));
    child.send('SIGTERM');
    await child.line('closed');
    child.send('SIGKILL');
    expect((await child.ended()).signal).to.equal('SIGKILL');
  });
});
