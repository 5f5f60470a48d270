import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BaseEventLoop, run, sleep } from '@ringloop/core';
import { NodeHost } from '@ringloop/core/internal';
import { expect } from 'chai';
import { CountingHost } from '../counting-host.js';

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url)); // where '@ringloop/core' resolves

/** Runs a module in a process of its own, for at most `limitMs`. */
async function inChild(source: string, limitMs = 10_000): Promise<{ code: number | null; output: string }> {
  const program = `import { BaseEventLoop, run, sleep } from '@ringloop/core';\n${source}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: REPOSITORY,
    timeout: limitMs,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null]; // 'close' passes code and signal
  return { code, output };
}

// Real time and real processes: this is what the other tests take for granted.
describe('core/node-host', () => {
  it('NodeHost.time() is the clock of process.hrtime(), in seconds', () => {
    const before = Number(process.hrtime.bigint()) / 1e9;
    const now = new NodeHost().time();
    const after = Number(process.hrtime.bigint()) / 1e9;
    expect(now).to.be.within(before - 1e-6, after + 1e-6); // the sums are rounded differently
  });

  // CPython EventLoopTests.test_call_later; Node's own timers fire up to 1 ms early
  it('callAt() is never early', async () => {
    const loop = new BaseEventLoop();
    const early: number[] = [];
    const start = loop.time();
    for (let i = 0; i < 100; i++) {
      const when = start + 0.001 + i * 0.00037;
      loop.callAt(when, () => {
        if (loop.time() < when) early.push(when - loop.time());
      });
    }
    loop.callLater(0.05, () => loop.stop());
    await loop.runForever();
    expect(early).to.deep.equal([]);
    expect(loop.time()).to.be.at.least(start + 0.05);
  });

  it('requestTurn() waits for Node to look for events, unless polled() says that it has just done so', async () => {
    for (const [polls, expected] of [
      [false, ['Node', 'turn']],
      [true, ['turn', 'Node']],
    ] as const) {
      const host = new NodeHost();
      const log: string[] = [];
      await wait(2); // longer than turns may follow each other
      await new Promise<void>((resolve) => {
        setImmediate(() => log.push('Node'));
        host.start(() => {
          log.push('turn');
          host.stop();
          setImmediate(resolve);
        });
        if (polls) host.polled();
        host.requestTurn();
      });
      expect(log).to.deep.equal(expected);
    }
  });

  it('requestTurn() gives turns behind all promise reactions, and lets Node in between', async () => {
    const host = new NodeHost();
    const log: string[] = [];
    let turns = 0;
    const ended = new Promise<void>((resolve) => {
      host.start(() => {
        log.push('turn');
        void Promise.resolve().then(() => Promise.resolve().then(() => log.push('reactions')));
        if (turns === 0) setImmediate(() => log.push('Node'));
        if (++turns < 2000) host.requestTurn();
        else resolve();
      });
    });
    host.requestTurn();
    await ended;
    host.stop();
    const alternating = log.filter((entry) => entry !== 'Node');
    expect(new Set(alternating.filter((_, at) => at % 2 === 0))).to.deep.equal(new Set(['turn']));
    expect(log.indexOf('Node')).to.be.within(1, log.length - 2);
  });

  it('stop() takes back a turn that was to come before the next poll', async () => {
    const host = new NodeHost();
    let turns = 0;
    await new Promise<void>((resolve) => {
      host.start(() => {
        turns++;
        host.requestTurn();
        host.stop();
        setImmediate(resolve);
      });
      host.requestTurn();
    });
    expect(turns).to.equal(1);
  });

  it('callAt() is not early after the thread was busy, when the timers of Node are', async () => {
    const loop = new BaseEventLoop();
    let late = -1;
    loop.callSoon(() => {
      const until = loop.time() + 0.01;
      while (loop.time() < until);
      const when = loop.time() + 0.005;
      loop.callAt(when, () => {
        late = loop.time() - when;
        loop.stop();
      });
    });
    await loop.runForever();
    expect(late).to.be.at.least(0);
  });

  it('runForever() takes no turn while it is idle', async () => {
    const host = new CountingHost(new NodeHost());
    const loop = new BaseEventLoop({ host });
    const running = loop.runForever();
    await wait(30);
    expect(host.turns).to.equal(1);
    loop.stop();
    await running;
  });

  it('runForever() sleeps through delays that Node would cut to 1 ms', async () => {
    const host = new CountingHost(new NodeHost());
    const loop = new BaseEventLoop({ host });
    const fired: string[] = [];
    loop.callLater(3_000_000, () => fired.push('2³¹ ms'));
    loop.callLater(2 ** 55, () => fired.push('2⁵⁵ s'));
    loop.callLater(Infinity, () => fired.push('Infinity'));
    const running = loop.runForever();
    await wait(30);
    expect([fired, host.turns]).to.deep.equal([[], 1]);
    loop.stop();
    await running;
  });

  it('callAt() from code between iterations wakes a sleeping loop earlier', async () => {
    const loop = new BaseEventLoop();
    loop.callLater(3600, () => undefined);
    const running = loop.runForever();
    await wait(5);
    const start = loop.time();
    loop.callLater(0.005, () => loop.stop());
    await running;
    expect(loop.time() - start).to.be.within(0.005, 1);
  });

  // CPython EventLoopTests.test_timeout_rounding
  it('sleep() with tiny delays does not spin', async () => {
    const host = new CountingHost(new NodeHost());
    await run(
      async () => {
        for (const delay of [1e-2, 1e-4, 1e-6, 1e-8, 1e-10]) await sleep(delay);
      },
      { loopFactory: () => new BaseEventLoop({ host }) },
    );
    expect(host.turns).to.be.at.most(30); // five sleeps of up to three turns each, and what run() itself takes
  });

  it('NodeHost.stop() takes back the turn that was requested', async () => {
    const host = new NodeHost();
    let turns = 0;
    host.start(() => turns++);
    host.requestTurn();
    host.sleepUntil(0);
    host.stop();
    await wait(5);
    expect(turns).to.equal(0);
  });

  it('runForever() keeps the process alive while it is idle', async () => {
    const { code } = await inChild('void new BaseEventLoop().runForever();', 600);
    expect(code, 'killed, did not exit').to.equal(null);
  }).slow(2000);

  it('stop() lets the process exit, with timers still scheduled', async () => {
    const { code, output } = await inChild(`
      const loop = new BaseEventLoop();
      loop.callLater(3600, () => {});
      loop.callLater(0.01, () => loop.stop());
      await loop.runForever();
      console.log('stopped');`);
    expect({ code, output }).to.deep.equal({ code: 0, output: 'stopped\n' });
  }).slow(2000);

  it('run() lets the process exit, and what it waits for keeps it alive', async () => {
    const { code, output } = await inChild(`
      const main = async () => { await sleep(0.02); return 'slept'; };
      console.log(await run(main, { loopFactory: () => new BaseEventLoop() }));`);
    expect({ code, output }).to.deep.equal({ code: 0, output: 'slept\n' });
  }).slow(2000);
});
