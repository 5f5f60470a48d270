import { once } from 'node:events';
import { setEnvironmentData } from 'node:worker_threads';
import { sleep } from '@ringloop/core';
import { expect } from 'chai';
import {
  type LoopExit,
  LoopGroup,
  type LoopGroupOptions,
  PeerExitedError,
  RemoteFunctionError,
} from '@ringloop/threadsafe';
import {
  blockUntil,
  createLoop,
  dieNow,
  doze,
  echo,
  loopWithInbox,
  note,
  takeNotes,
} from '../fixtures/calls.js';
import {
  exhaustMemory,
  failInOne,
  napHere,
  preparedHere,
  rejectUnheard,
  setupAsync,
  setupGenerator,
  setupOnce,
  SETUPS,
  throwUncaught,
  tick,
} from '../fixtures/group-calls.js';
import { rejection } from '../../rejection.js';

const spawn = (options: LoopGroupOptions): Promise<LoopGroup> =>
  LoopGroup.spawn({ name: 'test', loopFactory: createLoop, ...options });

/** A gate that `blockUntil()` waits at, and what opens it. */
function gate(): { words: Int32Array; open: () => void } {
  const words = new Int32Array(new SharedArrayBuffer(8));
  return {
    words,
    open() {
      Atomics.store(words, 0, 1);
      Atomics.notify(words, 0);
    },
  };
}

describe('LoopGroup.spawn() with options', () => {
  it('preload and setup are done in every loop before it resolves', async () => {
    for (const [setup, kind] of [
      [setupAsync, 'async'],
      [setupGenerator, 'generator'],
    ] as const) {
      const preload = [new URL('../fixtures/preloaded.js', import.meta.url).href];
      await using group = await spawn({ loops: 2, setup, preload });
      const found = await Promise.all(group.loops.map((ref) => ref.runCoroutineThreadsafe(preparedHere)));
      expect(found).to.deep.equal([
        { prepared: [[kind, 0]], preloaded: true },
        { prepared: [[kind, 1]], preloaded: true },
      ]);
    }
  });

  it('setup that fails in one loop rejects spawn() with its error', async () => {
    const error = await rejection(spawn({ loops: 2, setup: failInOne }));
    expect([error.name, error.message]).to.deep.equal(['KettleError', 'no water']);
  });

  it('preload of a module that cannot be loaded rejects spawn(), with the reason', async () => {
    const preload = [new URL('../fixtures/broken-module.js', import.meta.url).href];
    const error = await rejection(spawn({ loops: 1, preload }));
    expect(error).to.be.instanceOf(PeerExitedError);
    expect(error.cause).to.be.instanceOf(RemoteFunctionError);
    expect((error.cause as Error).cause).to.be.instanceOf(SyntaxError);
  });

  it('arguments that are wrong are refused with their value', async () => {
    const wrong: [unknown, string, string][] = [
      [{ name: 7 }, 'ERR_INVALID_ARG_TYPE', 'name must be a string, got 7'],
      [{ preload: 'x' }, 'ERR_INVALID_ARG_TYPE', "preload must be an array, got 'x'"],
      [{ preload: ['x'] }, 'ERR_INVALID_ARG_TYPE', "got 'x'"],
      [{ setup: () => 1 }, 'ERR_REMOTE_FUNCTION', 'Cannot send arrow function setup'],
      [{ debug: 'yes' }, 'ERR_INVALID_ARG_TYPE', "debug must be a boolean, got 'yes'"],
      [{ resourceLimits: 5 }, 'ERR_INVALID_ARG_TYPE', 'resourceLimits must be an object, got 5'],
      [
        { resourceLimits: { stackSizeMb: 'x' } },
        'ERR_INVALID_ARG_TYPE',
        "stackSizeMb must be a number, got 'x'",
      ],
      [{ resourceLimits: { stackSizeMb: -5 } }, 'ERR_OUT_OF_RANGE', 'stackSizeMb must be above 0, got -5'],
      [{ onExit: 1 }, 'ERR_INVALID_ARG_TYPE', 'onExit must be a function, got 1'],
      [{ restart: 3 }, 'ERR_INVALID_ARG_TYPE', 'restart must be a boolean or { maxRestarts, within }, got 3'],
      [{ restart: { maxRestarts: 0 } }, 'ERR_OUT_OF_RANGE', 'must be an integer from 1, got 0'],
      [{ restart: { within: -1 } }, 'ERR_OUT_OF_RANGE', 'restart.within must be above 0, got -1'],
    ];
    for (const [options, code, message] of wrong) {
      const error = await rejection(spawn(options as LoopGroupOptions));
      expect(error).to.have.property('code', code);
      expect(error.message).to.include(message);
    }
  });

  it('onExit and onRestart that throw, or whose promises reject, are told to the loop that runs, or as a warning', async () => {
    const reports: string[] = [];
    // As JavaScript may have it, or an async function.
    const rejected = (message: string): void => Promise.reject(new RangeError(message)) as never;
    const { loop } = loopWithInbox();
    loop.setExceptionHandler((_, { message, exception }) =>
      reports.push(`${String(message)}: ${String(exception)}`),
    );
    await loop.runUntilComplete(async () => {
      await using group = await spawn({
        loops: 1,
        restart: true,
        onExit: () => {
          throw new RangeError('of onExit');
        },
        onRestart: () => rejected('of onRestart'),
      });
      group.next().callSoonThreadsafe(dieNow);
      while (reports.length < 2) await sleep(0.002);
    });
    loop.close();
    expect(reports).to.deep.equal([
      'Exception in onExit: RangeError: of onExit',
      'Exception in onRestart: RangeError: of onRestart',
    ]);
    await using outside = await spawn({ loops: 1, onExit: () => rejected('outside') });
    const warning = once(process, 'warning');
    outside.next().callSoonThreadsafe(dieNow);
    expect(String((await warning)[0])).to.equal('RangeError: outside');
  });

  it('restart starts another loop in the place of one that died, set up anew; the old reference fails for ever', async () => {
    const restarted: unknown[] = [];
    const exits: LoopExit[] = [];
    let onRestarted = (): void => undefined;
    await using group = await spawn({
      loops: 2,
      setup: setupAsync,
      restart: true,
      onExit: (exit) => exits.push(exit),
      onRestart: ({ index, ref }) => {
        restarted.push([index, ref === group.loop(index)]);
        onRestarted();
      },
    });
    for (const kill of [dieNow, throwUncaught, rejectUnheard]) {
      const old = group.loop(1);
      const again = new Promise<void>((resolve) => (onRestarted = resolve));
      const pending = rejection(old.runCoroutineThreadsafe(doze, 60));
      old.callSoonThreadsafe(kill);
      expect(await pending).to.be.instanceOf(PeerExitedError);
      await again;
      expect(group.loop(1)).not.to.equal(old);
      expect(() => old.callSoonThreadsafe(note, 1)).to.throw(
        PeerExitedError,
        'The thread of loop "test-1" has ended',
      );
      const { prepared } = await group.loop(1).runCoroutineThreadsafe(preparedHere);
      expect(prepared).to.deep.equal([['async', 1]]);
    }
    expect(restarted).to.deep.equal([
      [1, true],
      [1, true],
      [1, true],
    ]);
    expect(
      exits.map(({ index, name, exitCode, error, restarting }) => [
        index,
        name,
        exitCode,
        error?.name,
        restarting,
      ]),
    ).to.deep.equal([
      [1, 'test-1', 7, undefined, true],
      [1, 'test-1', 1, 'KettleError', true],
      [1, 'test-1', 1, 'KettleError', true],
    ]);
    expect(exits[1]?.error).to.include({ code: 'ERR_KETTLE', volume: 0.5 }).and.to.be.instanceOf(Error);
  }).slow(3000);

  it('restart gives a loop up that dies too often, with a warning, and the group goes on without it', async () => {
    const exits: boolean[] = [];
    let next = (): void => undefined;
    await using group = await spawn({
      loops: 2,
      restart: { maxRestarts: 1, within: 60 },
      onExit: ({ restarting }) => {
        exits.push(restarting);
        if (!restarting) next();
      },
      onRestart: () => next(),
    });
    const warned = once(process, 'warning');
    for (let death = 0; death < 2; death++) {
      const settled = new Promise<void>((resolve) => (next = resolve));
      group.loop(0).callSoonThreadsafe(dieNow);
      await settled;
    }
    expect(exits).to.deep.equal([true, false]);
    const [warning] = (await warned) as [Error & { code: string }];
    expect([warning.code, warning.message]).to.deep.equal([
      'RINGLOOP_RESTARTS_EXHAUSTED',
      'Loop "test-0" has died again after 1 restarts within 60 s, and is given up',
    ]);
    expect([group.next(), group.next(), group.leastBusy()].map((ref) => ref.name)).to.deep.equal([
      'test-1',
      'test-1',
      'test-1',
    ]);
    expect(group.broadcast(note, 'all that are left')).to.have.length(1);
    expect((await group.close()).map(({ outcome }) => outcome)).to.deep.equal(['exited', 'drained']);
  }).slow(2000);

  it('close() while a loop that is restarted is being set up reports no error', async () => {
    const setups = new Int32Array(new SharedArrayBuffer(4));
    setEnvironmentData(SETUPS, setups);
    const group = await spawn({ loops: 1, restart: true, setup: setupOnce, onExit: () => undefined });
    group.next().callSoonThreadsafe(dieNow);
    while (Atomics.load(setups, 0) < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await group.close({ drain: 0 }))[0]).to.include({ error: null });
  });

  it('a loop that stops by itself and leaves a timer behind ends in order, and says nothing', async () => {
    const exits: LoopExit[] = [];
    const group = await spawn({ loops: 1, onExit: (exit) => exits.push(exit) });
    const { loop } = loopWithInbox();
    group.next().callSoonThreadsafe(tick);
    group.next().callSoonThreadsafe(loop.stop);
    while (exits.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(exits[0]).to.include({ exitCode: 0, error: null });
    await group.close();
    loop.close();
  });

  it('resourceLimits end a loop that exceeds them, with ERR_WORKER_OUT_OF_MEMORY as the cause', async () => {
    const exits: LoopExit[] = [];
    await using group = await spawn({
      loops: 2,
      resourceLimits: { maxOldGenerationSizeMb: 24 },
      onExit: (exit) => exits.push(exit),
    });
    const pending = rejection(group.loop(0).runCoroutineThreadsafe(doze, 60));
    group.loop(0).callSoonThreadsafe(exhaustMemory);
    const error = await pending;
    expect(error).to.be.instanceOf(PeerExitedError);
    expect(error.cause).to.have.property('code', 'ERR_WORKER_OUT_OF_MEMORY');
    expect(exits[0]?.error).to.have.property('code', 'ERR_WORKER_OUT_OF_MEMORY');
    expect(await group.loop(1).runCoroutineThreadsafe(echo, 1)).to.deep.equal([1]);
  }).slow(3000);
});

describe('LoopGroup', () => {
  it('loop(), size and iteration give the loops by their place', async () => {
    await using group = await spawn({ loops: 2 });
    expect(group.size).to.equal(2);
    expect([...group]).to.deep.equal([group.loop(0), group.loop(1)]);
    for (const index of [-1, 2, 0.5]) {
      expect(() => group.loop(index))
        .to.throw(RangeError, `index must be an integer from 0 to 1, got ${index}`)
        .with.property('code', 'ERR_OUT_OF_RANGE');
    }
  });

  it('leastBusy() gives the loop with the least that other threads wait for', async () => {
    await using group = await spawn({ loops: 3 });
    const [first, second, third] = group.loops;
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('three were asked for');
    const long = first.runCoroutineThreadsafe(napHere, 1000);
    const { words, open } = gate();
    second.callSoonThreadsafe(blockUntil, words);
    Atomics.wait(words, 1, 0, 5000);
    for (let i = 0; i < 10_000; i++) second.callSoonThreadsafe(note, i); // the lane grows into another ring
    while (group.leastBusy() !== third || group.leastBusy() !== third || group.leastBusy() !== third) {
      await new Promise(setImmediate); // until the first has begun its task, and the third has come to rest
    }
    const other = gate();
    third.callSoonThreadsafe(blockUntil, other.words); // or it might have caught up by the time that we look
    Atomics.wait(other.words, 1, 0, 5000);
    for (let i = 0; i < 30_000; i++) third.callSoonThreadsafe(note, i);
    expect(group.leastBusy()).to.equal(first); // in the same turn: what was just sent counts
    open();
    other.open();
    await third.runCoroutineThreadsafe(takeNotes);
    await second.runCoroutineThreadsafe(takeNotes);
    long.cancel();
    const given = new Set<string>();
    while (given.size < 3) {
      given.add(group.leastBusy().name); // all have come to rest, and take turns
      await new Promise(setImmediate);
    }
  }).slow(1000);

  it('broadcast() calls in every loop, and reaches the others when one refuses', async () => {
    await using group = await spawn({ loops: 3 });
    const handles = group.broadcast(note, 'to all');
    expect(handles).to.have.length(3);
    const read = (): Promise<unknown[][]> =>
      Promise.all(group.loops.map((ref) => ref.runCoroutineThreadsafe(takeNotes)));
    expect(await read()).to.deep.equal([['to all'], ['to all'], ['to all']]);
    expect(() => group.broadcast(note, () => 1)).to.throw(Error, 'Cannot send argument 1 of note()');
    expect(() => group.broadcast((() => 1) as never))
      .to.throw(Error)
      .with.property('code', 'ERR_REMOTE_FUNCTION');
    const { words, open } = gate();
    group.loop(1).callSoonThreadsafe(blockUntil, words);
    const text = 'x'.repeat(1_000_000);
    expect(() => {
      while (true) group.loop(1).callSoonThreadsafe(note, text);
    }).to.throw(Error, 'the ring is full');
    expect(() => group.broadcast(note, text)).to.throw(Error, 'the ring is full');
    open();
    const [first, , third] = await read();
    expect([first?.length, third?.length]).to.deep.equal([1, 1]);
  }).slow(2000);

  it('next() and leastBusy() say that the group is closed, or that all loops have died', async () => {
    const group = await spawn({ loops: 1, onExit: () => undefined });
    const dead = rejection(group.next().runCoroutineThreadsafe(doze, 60));
    group.next().callSoonThreadsafe(dieNow);
    await dead;
    expect(() => group.next()).to.throw(PeerExitedError, 'all loops of the group have ended');
    expect(group.broadcast(note, 1)).to.deep.equal([]);
    expect((await group.close())[0]).to.include({ name: 'test-0', outcome: 'exited', cancelledTasks: null });
    expect(() => group.leastBusy())
      .to.throw(Error, 'the group is closed')
      .with.property('code', 'ERR_LOOP_CLOSED');
  });
});
