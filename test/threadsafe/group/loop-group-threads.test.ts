import { getEventListeners } from 'node:events';
import { text } from 'node:stream/consumers';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { TimeoutError } from '@ringloop/core';
import { LoopGroup, type LoopGroupOptions } from '@ringloop/threadsafe';
import { createLoop, dieNow } from '../fixtures/calls.js';
import { print, setupHangs, whatIsGiven } from '../fixtures/group-calls.js';
import { rejection } from '../../rejection.js';

const spawn = (options: LoopGroupOptions): Promise<LoopGroup> =>
  LoopGroup.spawn({ name: 'test', loopFactory: createLoop, ...options });

/** Workers that run meanwhile and have not ended when `body` is done, and how many were started. */
async function workersOf(body: () => Promise<void>): Promise<{ started: number; left: number }> {
  let started = 0;
  let left = 0;
  const hear = (message: unknown): void => {
    started++;
    left++;
    (message as { worker: NodeJS.EventEmitter }).worker.once('exit', () => left--); // as Node documents
  };
  subscribe('worker_threads', hear);
  await body();
  unsubscribe('worker_threads', hear);
  return { started, left };
}

const numbered = (prefix: string, lines: number): string =>
  Array.from({ length: lines }, (_, i) => `${prefix} ${i + 1}\n`).join('');

describe('LoopGroup.spawn() with limits', () => {
  it('timeout ends the workers, and rejects with TimeoutError', async () => {
    const workers = await workersOf(async () => {
      const error = await rejection(spawn({ loops: 2, setup: setupHangs, timeout: 0.2 }));
      expect(error).to.be.instanceOf(TimeoutError).with.property('code', 'ERR_TIMEOUT');
      expect(error.message).to.equal('Cannot spawn the group: its loops did not run within 0.2 s');
    });
    expect(workers).to.deep.equal({ started: 2, left: 0 });
  }).slow(2000);

  it('signal that is aborted ends the workers, and rejects with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('changed my mind');
    const workers = await workersOf(async () => {
      const spawning = rejection(spawn({ loops: 2, setup: setupHangs, signal: controller.signal }));
      setTimeout(() => controller.abort(reason), 50);
      expect(await spawning).to.equal(reason);
    });
    expect(workers).to.deep.equal({ started: 2, left: 0 });
    expect(getEventListeners(controller.signal, 'abort')).to.deep.equal([]);
  }).slow(2000);

  it('signal that is aborted already, and timeout 0, start no worker', async () => {
    const workers = await workersOf(async () => {
      const error = await rejection(spawn({ loops: 1, signal: AbortSignal.abort() }));
      expect(error).to.have.property('name', 'AbortError');
      expect(await rejection(spawn({ loops: 1, timeout: 0 }))).to.be.instanceOf(TimeoutError);
    });
    expect(workers).to.deep.equal({ started: 0, left: 0 });
  });

  it('that were not exceeded leave no listener, and do nothing later', async () => {
    const controller = new AbortController();
    await using group = await spawn({ loops: 1, signal: controller.signal, timeout: 60 });
    expect(getEventListeners(controller.signal, 'abort')).to.deep.equal([]);
    controller.abort();
    expect(await group.next().runCoroutineThreadsafe(whatIsGiven)).to.have.property('argv');
  }).slow(1000);

  it('that are invalid are refused with their value, before a thread is started', async () => {
    const wrong: [object, string, string][] = [
      [{ timeout: '1' }, 'ERR_INVALID_ARG_TYPE', "timeout must be a number of seconds, got '1'"],
      [{ timeout: NaN }, 'ERR_INVALID_ARG_TYPE', 'timeout must be a number of seconds, got NaN'],
      [{ timeout: -1 }, 'ERR_OUT_OF_RANGE', 'timeout must not be negative, got -1'],
      [{ signal: {} }, 'ERR_INVALID_ARG_TYPE', 'signal must be an AbortSignal, got {}'],
      [{ signal: null }, 'ERR_INVALID_ARG_TYPE', 'signal must be an AbortSignal, got null'],
    ];
    for (const [options, code, message] of wrong) {
      const error = await rejection(spawn(options));
      expect(error).to.have.property('code', code);
      expect(error.message).to.equal(message);
    }
  });
});

describe('LoopGroup.spawn() with options of threads', () => {
  it('execArgv, argv and env are those of every loop, restarted ones included', async () => {
    let onRestarted = (): void => undefined;
    const restarted = new Promise<void>((resolve) => (onRestarted = resolve));
    const given = { execArgv: ['--no-warnings'], argv: ['a'], env: { KETTLE: 'on' } };
    const options = structuredClone(given);
    await using group = await spawn({
      ...options,
      loops: 1,
      restart: true,
      onExit: () => undefined,
      onRestart: () => onRestarted(),
    });
    options.argv.push('b');
    options.env.KETTLE = 'off';
    expect(await group.next().runCoroutineThreadsafe(whatIsGiven)).to.deep.equal(given);
    group.next().callSoonThreadsafe(dieNow);
    await restarted;
    expect(await group.next().runCoroutineThreadsafe(whatIsGiven)).to.deep.equal(given);
  }).slow(3000);

  it('execArgv that Node refuses for a thread reject spawn() with the error of Node', async () => {
    const error = await rejection(spawn({ loops: 2, execArgv: ['--max-old-space-size=100'] }));
    expect(error).to.have.property('code', 'ERR_WORKER_INVALID_EXEC_ARGV');
    expect(error.message).to.include('--max-old-space-size=100');
  });

  it('stdout and stderr give what each loop prints, the one that is restarted included, to its end', async () => {
    let onRestarted = (): void => undefined;
    const restarted = new Promise<void>((resolve) => (onRestarted = resolve));
    const group = await spawn({
      loops: 2,
      stdout: true,
      stderr: true,
      restart: true,
      onExit: () => undefined,
      onRestart: () => onRestarted(),
    });
    group.loop(0).callSoonThreadsafe(print, 5000);
    group.loop(1).callSoonThreadsafe(print, 1);
    group.loop(1).callSoonThreadsafe(dieNow);
    await restarted;
    group.loop(1).callSoonThreadsafe(print, 2);
    await group.close(); // though nobody reads yet
    const read = async (index: number): Promise<string[]> => {
      const [stdout, stderr] = [group.stdout(index), group.stderr(index)];
      if (stdout === null || stderr === null) throw new Error('they were asked for');
      return Promise.all([text(stdout), text(stderr)]);
    };
    expect(await read(0)).to.deep.equal([numbered('out', 5000), numbered('err', 5000)]);
    expect(await read(1)).to.deep.equal([
      numbered('out', 1) + numbered('out', 2),
      numbered('err', 1) + numbered('err', 2),
    ]);
    expect(() => group.stdout(2)).to.throw(RangeError, 'index must be an integer from 0 to 1, got 2');
  }).slow(4000);

  it('stdout() and stderr() are null without the options', async () => {
    await using group = await spawn({ loops: 1 });
    expect([group.stdout(0), group.stderr(0)]).to.deep.equal([null, null]);
  }).slow(1000);
});
