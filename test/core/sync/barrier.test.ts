/* eslint-disable require-yield -- a coroutine need not wait for anything */
import { inspect } from 'node:util';
import {
  Barrier,
  type BaseEventLoop,
  BrokenBarrierError,
  CancelledError,
  type CoroutineGenerator,
  LoopStateError,
  sleep,
  type Task,
} from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { jumpingLoop, runOnce } from '../virtual-loop.js';

describe('core/barrier', () => {
  let loop: BaseEventLoop;
  let barrier: Barrier;
  let log: unknown[];

  beforeEach(() => {
    loop = jumpingLoop();
    barrier = new Barrier(3);
    log = [];
  });

  const waiting = function* (): CoroutineGenerator<number> {
    return yield* barrier.wait();
  };
  const KINDS: Record<string, () => Task<number>> = {
    'a generator coroutine': () => loop.createTask(waiting),
    'an async function': () => loop.createTask(async () => barrier.wait()),
  };

  for (const [kind, start] of Object.entries(KINDS)) {
    it(`Barrier.wait() in ${kind} gives each its place, round after round`, async () => {
      for (const again of [1, 2, 3]) {
        const tasks = [start(), start(), start()];
        const places = await loop.runUntilComplete(async () => Promise.all(tasks));
        expect([again, places, inspect(barrier)]).to.deep.equal([
          again,
          [0, 1, 2],
          '<Barrier [filling, waiters:0/3]>',
        ]);
      }
    });

    it(`Barrier.wait() in ${kind} that is cancelled takes its task out of the count`, async () => {
      const [a, b] = [start(), start()];
      await runOnce(loop);
      expect(barrier.nWaiting).to.equal(2);
      a.cancel();
      a.cancel();
      expect(await rejection(loop.runUntilComplete(a))).to.be.instanceOf(CancelledError);
      expect(barrier.nWaiting).to.equal(1);
      const rest = [b, start(), start()];
      await loop.runUntilComplete(async () => Promise.all(rest));
      expect(inspect(barrier)).to.equal('<Barrier [filling, waiters:0/3]>');
    });

    it(`Barrier.wait() in ${kind} that is cancelled as the last one comes lets the others pass`, async () => {
      const [a, b] = [start(), start()];
      await runOnce(loop);
      const c = start();
      loop.callSoon(() => a.cancel());
      expect(await rejection(loop.runUntilComplete(a))).to.be.instanceOf(CancelledError);
      const places = await loop.runUntilComplete(async () => Promise.all([b, c]));
      expect([places, inspect(barrier)]).to.deep.equal([[1, 2], '<Barrier [filling, waiters:0/3]>']);
    });

    it(`Barrier.wait() in ${kind} throws when it is aborted, until it is reset`, async () => {
      const early = [start(), start()];
      await runOnce(loop);
      await loop.runUntilComplete(async () => barrier.abort());
      for (const task of [...early, start()]) {
        const error = await rejection(loop.runUntilComplete(task));
        expect(error).to.be.instanceOf(BrokenBarrierError).with.property('code', 'ERR_BROKEN_BARRIER');
        log.push(error.message);
      }
      expect(log).to.deep.equal([
        'Abort or reset of barrier',
        'Abort or reset of barrier',
        'Barrier aborted',
      ]);
      expect([barrier.broken, inspect(barrier)]).to.deep.equal([true, '<Barrier [broken]>']);
      await loop.runUntilComplete(async () => barrier.reset());
      expect(barrier.broken).to.equal(false);
      const tasks = [start(), start(), start()];
      expect(await loop.runUntilComplete(async () => Promise.all(tasks))).to.deep.equal([0, 1, 2]);
    });
  }

  it('Barrier.reset() of one where tasks wait lets newcomers wait until they have left', async () => {
    await loop.runUntilComplete(function* () {
      const early = [loop.createTask(waiting), loop.createTask(waiting)];
      yield;
      yield* barrier.reset();
      const late = loop.createTask(waiting, { eagerStart: true });
      expect(inspect(barrier)).to.equal('<Barrier [resetting, waiters:0/3]>');
      yield* sleep(1);
      expect(early.map((task) => task.exception()?.message)).to.deep.equal([
        'Abort or reset of barrier',
        'Abort or reset of barrier',
      ]);
      expect([late.done(), inspect(barrier)]).to.deep.equal([false, '<Barrier [filling, waiters:1/3]>']);
      late.cancel();
    });
  });

  it('Barrier.reset() and abort() of a barrier without waiters take effect at once', async () => {
    await loop.runUntilComplete(function* () {
      loop.callSoon(() => log.push('next iteration'));
      yield* barrier.abort();
      yield* barrier.reset();
      log.push(inspect(barrier));
      yield;
    });
    expect(log).to.deep.equal(['<Barrier [filling, waiters:0/3]>', 'next iteration']);
  });

  it('Barrier.run() runs the body with the place, and does not run it when the barrier breaks', async () => {
    const body = async (place: number): Promise<void> => void log.push(place);
    const start = (main: () => PromiseLike<void>): Task<void> => loop.createTask(main);
    const tasks = [
      start(async () => barrier.run(body)),
      start(async () =>
        barrier.run(function* (place) {
          log.push(place);
        }),
      ),
      loop.createTask(function* () {
        yield* barrier.run(body);
      }),
    ];
    await loop.runUntilComplete(async () => Promise.all(tasks));
    expect([...log].sort()).to.deep.equal([0, 1, 2]);
    await loop.runUntilComplete(async () => barrier.abort());
    const error = await rejection(loop.runUntilComplete(async () => barrier.run(body)));
    expect(error).to.be.instanceOf(BrokenBarrierError);
    expect(log).to.have.length(3);
  });

  it('Barrier.run() throws what the body throws, and the barrier is none the worse for it', async () => {
    barrier = new Barrier(1);
    const mine = new RangeError('mine');
    const failing = async (): Promise<never> => {
      throw mine;
    };
    expect(await rejection(loop.runUntilComplete(async () => barrier.run(failing)))).to.equal(mine);
    expect(await loop.runUntilComplete(async () => barrier.wait())).to.equal(0);
  });

  it('Barrier belongs to the loop in which somebody has waited', async () => {
    expect(() => barrier.wait())
      .to.throw(LoopStateError)
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
    loop.createTask(waiting);
    await runOnce(loop);
    const error = await rejection(jumpingLoop().runUntilComplete(waiting));
    expect(error).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_OTHER_LOOP');
  });

  it('Barrier has the number of parties it is told, and refuses what is none', () => {
    expect(new Barrier(7).parties).to.equal(7);
    for (const parties of [0, -1, NaN, 1.5, Infinity]) {
      expect(() => new Barrier(parties)).to.throw(RangeError, /^parties must be (> 0|an integer), got /);
    }
    for (const parties of ['3', undefined, null]) {
      expect(() => new Barrier(parties as never)).to.throw(TypeError, 'parties must be a number');
    }
  });

  it('Barrier lets 1,000 pass together', async () => {
    barrier = new Barrier(1000);
    const places = await loop.runUntilComplete(function* () {
      const tasks = Array.from({ length: 1000 }, () => loop.createTask(waiting));
      const all: number[] = [];
      for (const task of tasks) all.push(yield* task);
      return all;
    });
    expect(places).to.deep.equal(Array.from({ length: 1000 }, (_, place) => place));
  });
});
