/** Signals in loops of all threads, each program in a process of its own. */
import { expect } from 'chai';
import { SignalChild } from './signal-child.js';

/** Node's own handlers of these signals are written in C++, so the kernel says "caught" before any listener. */
const NODES_OWN = ['SIGPIPE ignored caught caught caught 1'];

describe('ringloop/signals', function () {
  this.slow(3000); // processes and threads

  it('addSignalHandler() serves several loops, and the signal does what it did when the last handler is gone', async () => {
    const child = new SignalChild('two loops');
    await child.line('ready');
    child.send('SIGUSR2');
    await child.linesInAnyOrder(['main SIGUSR2', 'worker-0 SIGUSR2']);
    child.send('SIGHUP');
    await child.line('main removed');
    child.send('SIGUSR2');
    await child.line('worker-0 SIGUSR2');
    child.send('SIGHUP');
    await child.line('worker removed true');
    child.send('SIGUSR2');
    expect(await child.ended()).to.include({ signal: 'SIGUSR2', stderr: '' });
  });

  it('addSignalHandler() works in four workers at once', async () => {
    const child = new SignalChild('four workers');
    await child.line('ready');
    const all = ['loop-0', 'loop-1', 'loop-2', 'loop-3'];
    for (let round = 0; round < 3; round++) {
      child.send('SIGUSR2');
      await child.linesInAnyOrder(all.map((name) => `${name} SIGUSR2`));
    }
    const own = ['SIGHUP', 'SIGWINCH', 'SIGURG', 'SIGIO'] as const;
    for (const signal of own) child.send(signal);
    await child.linesInAnyOrder(own.map((signal, i) => `loop-${i} ${signal} own`));
    child.send('SIGTERM');
    await child.line('closed');
    child.send('SIGHUP');
    expect(await child.ended()).to.include({ signal: 'SIGHUP', stderr: '' });
  });

  it('a flood of signals makes one call to a loop that is blocked, and its handler runs afterwards', async () => {
    const { code, lines } = await new SignalChild('flood').ended();
    expect({ code, lines }).to.deep.equal({ code: 0, lines: ['calls 1', 'handled true true'] });
  });

  for (const way of ['close', 'stop', 'exit', 'throw', 'reject', 'out of memory']) {
    it(`handlers of a group's loop are gone when it ends by: ${way}`, async () => {
      const child = new SignalChild('group ends', { args: [way] });
      await child.line('listeners 1');
      await child.line('listeners 0');
      child.send('SIGUSR2');
      expect((await child.ended()).signal).to.equal('SIGUSR2');
    });
  }

  for (const way of ['terminate', 'exit', 'throw', 'close']) {
    for (const watched of ['watched', 'unwatched']) {
      it(`handlers of a plain worker's loop, ${watched}, are gone when it ends by: ${way}`, async function () {
        // Only the kernel knows of a terminated thread that nobody watches.
        if (way === 'terminate' && watched === 'unwatched' && process.platform !== 'linux') this.skip();
        const child = new SignalChild('plain worker ends', { args: [way, watched] });
        await child.line('handled');
        await child.line('ended');
        child.send('SIGUSR2');
        expect((await child.ended()).signal).to.equal('SIGUSR2');
      });
    }
  }

  it('addSignalHandler() in a worker says so if the main thread does not relay signals', async () => {
    const { lines } = await new SignalChild('no hub').ended();
    expect(lines).to.deep.equal([
      'ERR_NO_SIGNAL_HUB: Cannot handle SIGUSR2 in loop "plain": only the main thread gets signals, and it has made ' +
        'no loop and has not called relaySignals() before it started this thread',
    ]);
  });

  it('relaySignals() lets workers handle signals if the main thread has no loop', async () => {
    const child = new SignalChild('main thread without a loop');
    await child.line('handled');
    child.send('SIGUSR2');
    await child.line('plain SIGUSR2');
    child.send('SIGTERM');
    expect((await child.ended()).signal).to.equal('SIGTERM');
  });

  it('addSignalHandler() in a worker says so if the main thread is blocked, and leaves nothing behind', async () => {
    const child = new SignalChild('blocked main thread');
    await child.line('ERR_MAIN_THREAD_BLOCKED');
    await child.line('listeners 0');
    await child.line('ready');
    child.send('SIGUSR2');
    await child.line('worker-0 SIGUSR2');
    child.send('SIGTERM');
    expect((await child.ended()).signal).to.equal('SIGTERM');
  }).slow(10_000);

  describe('what signals do without handlers', () => {
    before(function () {
      if (process.platform !== 'linux') this.skip(); // reads /proc
    });

    it('is restored with the last handler, in main or worker', async () => {
      const { lines, stderr } = await new SignalChild('dispositions').ended();
      expect(stderr).to.equal('');
      expect(lines).to.deep.equal([
        ...NODES_OWN,
        'SIGINT caught caught caught caught 0',
        'SIGTERM caught caught caught caught 0',
        'SIGUSR1 caught caught caught caught 0',
        'SIGUSR2 default caught caught default 0',
        'SIGHUP default caught caught default 0',
      ]);
    });

    it('is, for SIGPIPE, still nothing: a write to a broken pipe does not end the process', async () => {
      const { code, lines } = await new SignalChild('broken pipe').ended();
      expect({ code, lines }).to.deep.equal({ code: 0, lines: ['EPIPE', 'caught', 'EPIPE', 'alive'] });
    });

    for (const [how, env] of [
      ['with native calls', {}],
      ['without native calls', { RINGLOOP_NET: 'libuv' }],
    ] as const) {
      it(`is, for SIGUSR1, to start the debugger: ${how}`, async () => {
        const child = new SignalChild('debugger', { env: { ...env, NODE_OPTIONS: '--inspect-port=0' } });
        await child.line('ready');
        child.send('SIGUSR1');
        await child.line('caught');
        await child.line('closed');
        child.send('SIGUSR1');
        await child.line('debugger true');
        expect(await child.ended()).to.include({ code: 0, signal: null });
      });
    }
  });

  it('run() leaves Ctrl-C to the loops that handle SIGINT, and acts on it again when none does', async () => {
    const child = new SignalChild('run and handler');
    await child.line('ready');
    child.send('SIGINT');
    await child.line('handler of before');
    child.send('SIGUSR2'); // a worker's handler takes the place of the main loop's
    await child.line('next');
    child.send('SIGINT');
    await child.line('worker-0 SIGINT');
    child.send('SIGUSR2');
    await child.line('next');
    child.send('SIGINT');
    await child.line('cancelled');
    await child.line('KeyboardInterrupt');
    expect(await child.ended()).to.include({ code: 0, stderr: '' });
  });

  it("addSignalHandler() leaves the program's own listeners alone", async () => {
    const child = new SignalChild('own listener');
    await child.line('ready');
    child.send('SIGUSR2');
    await child.linesInAnyOrder(['listener', 'handler']);
    child.send('SIGHUP');
    await child.line('removed');
    child.send('SIGUSR2');
    await child.line('listener');
    child.send('SIGTERM');
    const { code, lines } = await child.ended();
    expect(code).to.equal(0);
    expect(lines.filter((line) => line === 'handler')).to.have.length(1);
  });
});
