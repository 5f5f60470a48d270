import { setImmediate as immediate } from 'node:timers/promises';
import { type BaseEventLoop, type Future, sleep } from '@ringloop/core';
import { expect } from 'chai';
import sinon from 'sinon';
import { coreFile } from '../core-file.js';
import { jumpingLoop, runOnce } from '../virtual-loop.js';

const { startCoroutine } = (await coreFile(
  'running-coroutine',
)) as typeof import('../../../packages/core/dist/running-coroutine.js');

/** Keeps the thread for a while. */
function busy(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

describe('core/slow-callbacks', () => {
  let loop: BaseEventLoop;
  let warn: sinon.SinonStub;
  const lines = (): string[] => warn.args.map(([text]) => String(text));

  /** What is told of while the loop runs for `seconds` of its clock. */
  async function toldWhile(seconds: number): Promise<string[]> {
    loop.callLater(seconds, () => loop.stop());
    await loop.runForever();
    await immediate(); // the last batch is told of behind its reactions
    return lines();
  }

  beforeEach(() => {
    loop = jumpingLoop({ debug: true });
    loop.slowCallbackDuration = 0.1;
    warn = sinon.stub(console, 'warn');
  });

  afterEach(() => {
    sinon.restore();
  });

  it('slowCallbackDuration is a tenth of a second by default', () => {
    expect(jumpingLoop().slowCallbackDuration).to.equal(0.1);
  });

  // CPython BaseEventLoopTests.test_log_slow_callbacks; uvloop test_debug_slow_callbacks
  it('Loop in debug mode reports a slow callback, and no fast one', async () => {
    loop.callSoon(function slowOne(name: string) {
      busy(130);
      return name;
    }, 'x');
    loop.callSoon(() => undefined);
    loop.callLater(1, function slowTimer() {
      busy(130);
    });
    const told = await toldWhile(2);
    expect(told.length).to.equal(2);
    expect(told[0]).to.match(/^Executing <Handle slowOne\('x'\) created at .*> took 0\.\d{3} seconds$/);
    expect(told[1]).to.match(
      /^Executing <TimerHandle when=1 slowTimer\(\) created at .*> took 0\.\d{3} seconds$/,
    );
  });

  it('Loop out of debug mode tells nothing', async () => {
    loop.setDebug(false);
    loop.slowCallbackDuration = 0;
    loop.callSoon(() => busy(5));
    expect(await toldWhile(1)).to.deep.equal([]);
  });

  // CPython: the threshold is reached, not only passed
  it('slowCallbackDuration of 0 tells of everything', async () => {
    loop.slowCallbackDuration = 0;
    loop.callSoon(function stopLoop() {
      loop.stop();
    });
    await loop.runForever();
    await immediate();
    expect(lines()[0]).to.match(/^Executing <Handle stopLoop\(\) .*> took 0\.\d{3} seconds$/);
    expect(lines()[1]).to.match(/^Executing promise reactions took 0\.\d{3} seconds$/);
  });

  // uvloop test_debug_slow_task
  it('Loop tells of a slow step of a generator task', async () => {
    loop.createTask(
      function* fetchAll() {
        yield;
        busy(130);
      },
      { name: 'fetcher' },
    );
    const told = await toldWhile(1);
    expect(told.length).to.equal(1);
    expect(told[0]).to.match(
      /^Executing <Task finished name='fetcher' coro=<fetchAll\(\)>.* took 0\.\d{3} seconds$/,
    );
  });

  it('Loop tells of the task where a coroutine of the library is slow', async () => {
    loop.createTask(
      async () => {
        await startCoroutine(
          (function* (): Generator<unknown, void, unknown> {
            yield* sleep(0.5);
            busy(130);
          })(),
        );
      },
      { name: 'owner' },
    );
    const told = await toldWhile(1);
    expect(told.length).to.equal(1);
    expect(told[0]).to.match(/^Executing <Task .*name='owner'/);
  });

  it('Loop tells of an async function that was slow before its first await', async () => {
    loop.createTask(
      async () => {
        busy(130);
        await sleep(0.5);
      },
      { name: 'early' },
    );
    const told = await toldWhile(1);
    expect(told.length).to.equal(1);
    expect(told[0]).to.match(/^Executing <Task .*name='early'/);
  });

  for (const [way, wait] of [
    ['a future', (future: Future<void>) => future],
    ['sleep(0)', () => sleep(0)],
    ['sleep()', () => sleep(0.5)],
  ] as const) {
    it(`Loop tells of an async function that was slow behind its await of ${way}`, async () => {
      const future = loop.createFuture<void>();
      loop.callLater(0.1, () => future.setResult());
      loop.createTask(
        async () => {
          await wait(future);
          busy(130);
        },
        { name: 'late' },
      );
      const told = await toldWhile(1);
      expect(told.length).to.equal(1);
      expect(told[0]).to.match(/^Executing <Task .*name='late'.* took 0\.\d{3} seconds$/);
    });
  }

  it('Loop names all tasks that went on together', async () => {
    const future = loop.createFuture();
    for (const name of ['a', 'b']) {
      loop.createTask(
        async () => {
          await future;
          busy(65);
        },
        { name },
      );
    }
    loop.callLater(0.1, () => future.setResult(null));
    const told = await toldWhile(1);
    expect(told.length).to.equal(1);
    expect(told[0]).to.match(/name='a'.*, <Task .*name='b'/);
  });

  it('Loop tells of a callback that throws as well', async () => {
    loop.setExceptionHandler(() => undefined);
    loop.callSoon(function failing() {
      busy(130);
      throw new Error('boom');
    });
    expect((await toldWhile(1))[0]).to.match(/^Executing <Handle failing\(\)/);
  });

  it('setDebug() in a callback has its effect from the next one on', async () => {
    loop.setDebug(false);
    loop.callSoon(() => loop.setDebug(true));
    loop.callSoon(function slow() {
      busy(130);
    });
    await runOnce(loop);
    await immediate();
    expect(lines().length).to.equal(1);
  });
});
