/* eslint-disable require-yield -- a coroutine need not wait for anything */
import { inspect } from 'node:util';
import {
  type BaseEventLoop,
  BoundedSemaphore,
  CancelledError,
  type CoroutineGenerator,
  LoopStateError,
  Semaphore,
  sleep,
} from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { rejection } from '../../rejection.js';
import { jumpingLoop, runOnce } from '../virtual-loop.js';

describe('core/semaphore', () => {
  let loop: BaseEventLoop;
  let semaphore: Semaphore;
  let log: unknown[];

  beforeEach(() => {
    loop = jumpingLoop();
    semaphore = new Semaphore(2);
    log = [];
  });

  const acquiring = (name: unknown) =>
    function* (): CoroutineGenerator<void> {
      yield* semaphore.acquire();
      log.push(name);
    };

  it('Semaphore.acquire() needs no loop where it need not wait, and otherwise always the same one', async () => {
    expect([await semaphore.acquire(), await semaphore.acquire()]).to.deep.equal([true, true]);
    expect(() => semaphore.acquire())
      .to.throw(LoopStateError)
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
    loop.createTask(acquiring('first'));
    await runOnce(loop);
    const error = await rejection(jumpingLoop().runUntilComplete(acquiring('second')));
    expect(error).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_OTHER_LOOP');
    expect(error.message).to.equal('<Semaphore [locked, waiters:1]> is bound to a different event loop');
  });

  it('Semaphore refuses to begin with what is no number of tasks', () => {
    for (const value of [-1, -Infinity, NaN, 0.5]) {
      expect(() => new Semaphore(value)).to.throw(RangeError, `Semaphore initial value must be`);
      expect(() => new BoundedSemaphore(value)).to.throw(RangeError, `got ${value}`);
    }
    for (const value of ['1', null, {}, 1n]) {
      expect(() => new Semaphore(value as never)).to.throw(
        TypeError,
        'Semaphore initial value must be a number',
      );
    }
    expect(inspect(new Semaphore(Infinity))).to.equal('<Semaphore [unlocked, value:Infinity]>');
    expect(inspect(new BoundedSemaphore())).to.equal('<BoundedSemaphore [unlocked, value:1]>');
  });

  it('Semaphore.release() hands its permit to the waiter that it wakes: nobody can take it in between', async () => {
    await loop.runUntilComplete(function* () {
      semaphore = new Semaphore(0);
      loop.createTask(acquiring('waits'));
      yield;
      semaphore.release();
      expect(inspect(semaphore)).to.equal('<Semaphore [locked, waiters:1]>');
      loop.createTask(acquiring('comes late'), { eagerStart: true });
      yield;
      expect([log, inspect(semaphore)]).to.deep.equal([['waits'], '<Semaphore [locked, waiters:1]>']);
      semaphore.release();
      yield;
      expect([log, inspect(semaphore)]).to.deep.equal([['waits', 'comes late'], '<Semaphore [locked]>']);
    });
  });

  for (const [title, at, expected] of [
    ['before it asks', 0, ['b', 'c']],
    ['while it waits', 1, ['b', 'c']],
    ['in the iteration in which it is woken', 2, ['b', 'c']],
  ] as const) {
    it(`Semaphore.acquire() whose task is cancelled ${title} leaves its place to the next`, async () => {
      for (const main of [
        acquiring('a'),
        async () => {
          await semaphore.acquire();
          log.push('a');
        },
      ]) {
        semaphore = new Semaphore(0);
        log = [];
        const a = loop.createTask<void>(main);
        const others = [loop.createTask(acquiring('b')), loop.createTask(acquiring('c'))];
        if (at === 0) a.cancel();
        await runOnce(loop);
        if (at === 1) a.cancel();
        semaphore.release();
        if (at === 2) {
          a.cancel();
          a.cancel();
        }
        semaphore.release();
        expect(await rejection(loop.runUntilComplete(a))).to.be.instanceOf(CancelledError);
        await loop.runUntilComplete(async () => Promise.all(others));
        expect([log, inspect(semaphore)]).to.deep.equal([expected, '<Semaphore [locked]>']);
      }
    });
  }

  it('Semaphore.run() releases it when the body has ended, and gives its result or error', async () => {
    const mine = new RangeError('mine');
    expect(await loop.runUntilComplete(async () => semaphore.run(async () => inspect(semaphore)))).to.equal(
      '<Semaphore [unlocked, value:1]>',
    );
    const failing = function* (): CoroutineGenerator<never> {
      throw mine;
    };
    expect(await rejection(loop.runUntilComplete(async () => semaphore.run(failing)))).to.equal(mine);
    expect(inspect(semaphore)).to.equal('<Semaphore [unlocked, value:2]>');
    await semaphore.acquire();
    {
      using held = semaphore;
      expect(inspect(held)).to.equal('<Semaphore [unlocked, value:1]>');
    }
    expect(inspect(semaphore)).to.equal('<Semaphore [unlocked, value:2]>');
  });

  it('Semaphore can be released more often than acquired, a BoundedSemaphore cannot', async () => {
    semaphore.release();
    expect(inspect(semaphore)).to.equal('<Semaphore [unlocked, value:3]>');
    const bounded = new BoundedSemaphore(2);
    await bounded.acquire();
    bounded.release();
    expect(() => bounded.release())
      .to.throw(RangeError, 'BoundedSemaphore released too many times')
      .with.property('code', 'ERR_OUT_OF_RANGE');
    const unlimited = new BoundedSemaphore(Infinity);
    await unlimited.acquire();
    unlimited.release();
    expect(unlimited.locked()).to.equal(false);
  });

  it('Semaphore lets 10,000 through that are woken all at once', async () => {
    const names = Array.from({ length: 10_000 }, (_, name) => name);
    semaphore = new Semaphore(0);
    await loop.runUntilComplete(function* () {
      const tasks = names.map((name) => loop.createTask(acquiring(name)));
      yield;
      tasks.forEach(() => semaphore.release());
      yield* tasks[9999]!;
    });
    expect(log).to.deep.equal(names);
  }).slow(2000);

  it('Semaphore never lets more through than it has, and wastes nothing', async () => {
    const worker = fc.record({
      asksAt: fc.nat(4),
      holds: fc.nat(3),
      cancelledAt: fc.option(fc.nat(10), { nil: null }),
      isAsync: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(worker, { maxLength: 14 }),
        async (value, workers) => {
          loop = jumpingLoop();
          semaphore = new BoundedSemaphore(value);
          let inside = 0;
          const enter = (): void => {
            expect(++inside).to.be.at.most(value);
          };
          await loop.runUntilComplete(async () => {
            const tasks = workers.map(({ asksAt, holds, cancelledAt, isAsync }) => {
              const task = loop.createTask<void>(
                isAsync
                  ? async () => {
                      await sleep(asksAt);
                      await semaphore.run(async () => {
                        enter();
                        await sleep(holds).finally(() => inside--);
                      });
                    }
                  : function* () {
                      yield* sleep(asksAt);
                      yield* semaphore.run(function* () {
                        enter();
                        try {
                          yield* sleep(holds);
                        } finally {
                          inside--;
                        }
                      });
                    },
              );
              if (cancelledAt !== null) loop.callLater(cancelledAt, () => task.cancel());
              return task;
            });
            await Promise.allSettled(tasks);
            for (const task of tasks) if (!task.cancelled()) task.result();
          });
          expect(inspect(semaphore)).to.equal(`<BoundedSemaphore [unlocked, value:${value}]>`);
        },
      ),
    );
  }).slow(2000);
});
