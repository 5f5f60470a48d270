import { once } from 'node:events';
import { SHARE_ENV } from 'node:worker_threads';
import { TimeoutError } from '@ringloop/core';
import { LoopGroup, type LoopGroupOptions } from '@ringloop/threadsafe';
import { expect } from 'chai';
import { createLoop, dieNow } from './fixtures/calls.js';
import { hang, print, setEnv, spin, startedWith } from './fixtures/thread-calls.js';
import { rejection } from './rejection.js';

const spawn = (options: LoopGroupOptions): Promise<LoopGroup> =>
  LoopGroup.spawn({ name: 'test', loops: 1, loopFactory: createLoop, ...options });

/** How many threads of this process there are, once no more of them end. */
async function threads(): Promise<number> {
  const { readdirSync } = await import('node:fs');
  return readdirSync('/proc/self/task').length;
}

describe('LoopGroup.spawn() starts its threads', () => {
  it('with env, argv and execArgv as given, and restarted ones with the same', async () => {
    let restarted = (): void => undefined;
    const isBack = new Promise<void>((resolve) => (restarted = resolve));
    await using group = await spawn({
      env: { RINGLOOP_TEST: 'of the group' },
      argv: ['a', 2],
      execArgv: ['--no-warnings'],
      restart: true,
      onExit: () => undefined,
      onRestart: () => restarted(),
    });
    const expected = { env: 'of the group', argv: ['a', '2'], execArgv: ['--no-warnings'] };
    expect(await group.next().runCoroutineThreadsafe(startedWith)).to.deep.equal(expected);
    group.next().callSoonThreadsafe(dieNow);
    await isBack;
    expect(await group.loop(0).runCoroutineThreadsafe(startedWith)).to.deep.equal(expected);
  });

  it('with a copy of env by default, and with SHARE_ENV its own', async () => {
    process.env.RINGLOOP_TEST = 'here';
    for (const [options, after] of [
      [{}, 'here'],
      [{ env: SHARE_ENV }, 'there'],
    ] as const) {
      await using group = await spawn(options);
      const { env } = await group.next().runCoroutineThreadsafe(startedWith);
      expect(env).to.equal('here');
      await group.next().runCoroutineThreadsafe(setEnv, 'there');
      expect(process.env.RINGLOOP_TEST).to.equal(after);
    }
    delete process.env.RINGLOOP_TEST;
  });

  it('with stdout and stderr that can be read here', async () => {
    const group = await spawn({ loops: 2, stdout: true, stderr: true });
    for (const [index, ref] of group.loops.entries()) {
      const printed = [group.stdout(index)!, group.stderr(index)!].map((stream) => once(stream, 'data'));
      ref.callSoonThreadsafe(print, `loop ${index}`);
      const [[out], [error]] = (await Promise.all(printed)) as [[Buffer], [Buffer]];
      expect(`${String(out)}${String(error)}`).to.equal(`loop ${index}\nloop ${index}, an error\n`);
    }
    expect(() => group.stdout(2))
      .to.throw(RangeError)
      .with.property('code', 'ERR_OUT_OF_RANGE');
    const ended = [0, 1].map((index) => once(group.stdout(index)!.resume(), 'end'));
    await group.close();
    await Promise.all(ended);
    await using plain = await spawn({});
    expect(plain.stdout(0)).to.equal(null);
    expect(plain.stderr(0)).to.equal(null);
  });

  it('not with options that are invalid, which it names', async () => {
    const before = await threads();
    for (const [options, message] of [
      [{ execArgv: '--inspect' }, `execArgv must be an array of strings, got '--inspect'`],
      [{ execArgv: [1] }, 'execArgv must be an array of strings, got [ 1 ]'],
      [{ argv: 'a' }, `argv must be an array, got 'a'`],
      [{ env: null }, 'env must be an object or SHARE_ENV, got null'],
      [{ env: { PORT: 80 } }, 'env.PORT must be a string, got 80'],
      [{ stdout: 1 }, 'stdout must be a boolean, got 1'],
      [{ stderr: 'pipe' }, `stderr must be a boolean, got 'pipe'`],
      [{ signal: {} }, 'signal must be an AbortSignal, got {}'],
      [{ timeout: '1' }, `timeout must be a number of seconds, got '1'`],
    ] as const) {
      const error = await rejection(spawn(options as never));
      expect(error, message).to.be.instanceOf(TypeError);
      expect(error).to.deep.include({ message, code: 'ERR_INVALID_ARG_TYPE' });
    }
    expect(await rejection(spawn({ timeout: -1 }))).to.deep.include({ code: 'ERR_OUT_OF_RANGE' });
    const refused = await rejection(spawn({ loops: 2, execArgv: ['--max-old-space-size=100'] }));
    expect(refused).to.deep.include({ code: 'ERR_WORKER_INVALID_EXEC_ARGV' });
    expect(await threads()).to.equal(before);
  });

  for (const [name, setup] of [
    ['waits for ever', hang],
    ['loops endlessly', spin],
  ] as const) {
    it(`until the timeout is over, where a setup ${name}`, async () => {
      const before = await threads();
      const error = await rejection(spawn({ loops: 2, setup, timeout: 0.3 }));
      expect(error).to.be.instanceOf(TimeoutError);
      expect(error.message).to.equal('The group was not ready after 0.3 seconds');
      expect(await threads()).to.be.at.most(before);
    });

    it(`until the signal aborts, where a setup ${name}`, async () => {
      const before = await threads();
      const reason = new Error('on purpose');
      const controller = new AbortController();
      const spawning = rejection(spawn({ loops: 2, setup, signal: controller.signal }));
      setTimeout(() => controller.abort(reason), 200);
      expect(await spawning).to.equal(reason);
      expect(await threads()).to.be.at.most(before);
    });
  }

  it('not at all with a signal that has aborted, and leaves no listener on one that has not', async () => {
    const before = await threads();
    const error = await rejection(spawn({ signal: AbortSignal.abort() }));
    expect(error.name).to.equal('AbortError');
    expect(await threads()).to.equal(before);
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: unknown[]) => {
      listeners++;
      add(...(args as Parameters<typeof add>));
    };
    signal.removeEventListener = (...args: unknown[]) => {
      listeners--;
      remove(...(args as Parameters<typeof remove>));
    };
    await using group = await spawn({ signal, timeout: 60 });
    expect(group.size).to.equal(1);
    expect(listeners).to.equal(0);
  });
});
