/* eslint-disable require-yield -- a coroutine need not wait for anything */
import { inspect } from 'node:util';
import {
  type BaseEventLoop,
  CancelledError,
  type CoroutineGenerator,
  InvalidStateError,
  Lock,
  LoopStateError,
  sleep,
  VirtualHost,
} from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { CountingHost } from '../counting-host.js';
import { rejection } from '../../rejection.js';
import { jumpingLoop, runOnce } from '../virtual-loop.js';

describe('core/lock', () => {
  let loop: BaseEventLoop;
  let lock: Lock;
  let log: unknown[];

  beforeEach(() => {
    loop = jumpingLoop();
    lock = new Lock();
    log = [];
  });

  /** Has the lock for `seconds`. */
  const holding = (name: unknown, seconds = 0) =>
    function* (): CoroutineGenerator<void> {
      yield* lock.acquire();
      log.push(name);
      if (seconds > 0) yield* sleep(seconds);
      lock.release();
    };

  function* nothing(): CoroutineGenerator<void> {
    // as its name says
  }

  it('Lock.acquire() of a free lock needs no loop, and the loop needs no turn for it', async () => {
    expect(await lock.acquire()).to.equal(true);
    lock.release();
    const host = new CountingHost(new VirtualHost({ autojump: true }));
    loop = jumpingLoop({ host });
    await loop.runUntilComplete(async () => {
      const before = host.turns;
      for (let times = 0; times < 1000; times++) {
        await lock.acquire();
        lock.release();
        await lock.run(async () => undefined);
      }
      log.push(host.turns - before);
    });
    await loop.runUntilComplete(function* () {
      const before = host.turns;
      for (let times = 0; times < 1000; times++) {
        yield* lock.acquire();
        lock.release();
        yield* lock.run(nothing);
      }
      log.push(host.turns - before);
    });
    expect(log).to.deep.equal([0, 0]);
  });

  it('Lock.acquire() of a lock that is taken needs a running loop, and always the same one', async () => {
    await lock.acquire();
    expect(() => lock.acquire())
      .to.throw(LoopStateError)
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
    loop.createTask(holding('first'));
    await runOnce(loop);
    const error = await rejection(jumpingLoop().runUntilComplete(holding('second')));
    expect(error).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_OTHER_LOOP');
    expect(error.message).to.equal('<Lock [locked, waiters:1]> is bound to a different event loop');
    lock.release();
    await runOnce(loop);
    expect(log).to.deep.equal(['first']);
  });

  it('Lock.acquire() has begun when it returns: who awaits it later has not lost its place', async () => {
    await loop.runUntilComplete(async () => {
      await lock.acquire();
      const early = lock.acquire();
      loop.createTask(holding('late'));
      await sleep(1);
      lock.release();
      await sleep(1);
      expect([log, lock.locked(), await early]).to.deep.equal([[], true, true]);
      lock.release();
      await sleep(1);
      expect(log).to.deep.equal(['late']);
    });
  });

  it('Lock.release() lets nobody pass by the one that it woke', async () => {
    await loop.runUntilComplete(function* () {
      yield* lock.acquire();
      const first = loop.createTask(holding('first'));
      yield;
      lock.release();
      expect(lock.locked()).to.equal(false);
      const second = loop.createTask(holding('second'), { eagerStart: true });
      expect([log, inspect(lock)]).to.deep.equal([[], '<Lock [unlocked, waiters:2]>']);
      yield* first;
      yield* second;
      expect(log).to.deep.equal(['first', 'second']);
    });
  });

  it('Lock.acquire() does not wait behind those who were all cancelled', async () => {
    await loop.runUntilComplete(function* () {
      yield* lock.acquire();
      const cancelled = [loop.createTask(holding(1)), loop.createTask(holding(2))];
      yield;
      for (const task of cancelled) task.cancel();
      lock.release();
      expect(inspect(lock)).to.equal('<Lock [unlocked, waiters:2]>');
      loop.createTask(holding('now', 1), { eagerStart: true });
      expect([log, inspect(lock)]).to.deep.equal([['now'], '<Lock [locked, waiters:2]>']);
      yield;
      expect(inspect(lock)).to.equal('<Lock [locked]>');
    });
  });

  for (const [title, begin, end] of [
    ['before it asks', 0, ['b', 'c']],
    ['while it waits', 1, ['b', 'c']],
    ['in the iteration in which it is woken', 2, ['b', 'c']],
    ['when it has the lock', 3, ['a', 'b', 'c']],
  ] as const) {
    it(`Lock.acquire() whose task is cancelled ${title}, once or twice, leaves the lock to the next`, async () => {
      for (const times of [1, 2]) {
        for (const main of [
          () =>
            function* (): CoroutineGenerator<void> {
              yield* holding('a', 1)();
            },
          () => async (): Promise<void> => {
            await lock.acquire();
            log.push('a');
            try {
              await sleep(1);
            } finally {
              lock.release();
            }
          },
        ]) {
          lock = new Lock();
          log = [];
          await lock.acquire();
          const a = loop.createTask<void>(main());
          const others = [loop.createTask(holding('b')), loop.createTask(holding('c'))];
          const cancel = (): void => {
            for (let left = times; left > 0; left--) a.cancel();
          };
          if (begin === 0) cancel();
          await runOnce(loop);
          if (begin === 1) cancel();
          lock.release();
          if (begin === 2) cancel();
          await runOnce(loop);
          if (begin === 3) cancel();
          const ended = await rejection(loop.runUntilComplete(a));
          expect(ended).to.be.instanceOf(CancelledError);
          if (lock.locked() && log.length === 1 && log[0] === 'a') lock.release(); // the generator has no finally
          await loop.runUntilComplete(async () => Promise.all(others));
          expect([log, inspect(lock)]).to.deep.equal([end, '<Lock [unlocked]>']);
        }
      }
    });
  }

  it('Lock.run() releases it when the body throws or is cancelled, and hands the error on', async () => {
    const mine = new RangeError('mine');
    const bodies = [
      async () => {
        throw mine;
      },
      function* () {
        throw mine;
      },
    ];
    for (const body of bodies) {
      expect(await rejection(loop.runUntilComplete(async () => lock.run(body)))).to.equal(mine);
      expect(lock.locked()).to.equal(false);
    }
    const task = loop.createTask(async () => lock.run(async () => sleep(100)));
    loop.callLater(1, () => {
      log.push(lock.locked(), task.cancel());
    });
    expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
    expect([log, lock.locked(), loop.time()]).to.deep.equal([[true, true], false, 1]);
  });

  it('Lock.run() waits for its turn, and gives what the body gives', async () => {
    const results = await loop.runUntilComplete(async () =>
      Promise.all([
        lock.run(async () => {
          await sleep(2);
          return 'first';
        }),
        lock.run(function* () {
          yield* sleep(1);
          log.push(loop.time());
          return 'second';
        }),
        lock.run(() => Promise.resolve(loop.time())),
      ]),
    );
    expect([results, log]).to.deep.equal([['first', 'second', 3], [3]]);
  });

  it('Lock.run() refuses what is no function, and leaves the lock alone', () => {
    expect(() => lock.run(5 as never)).to.throw(TypeError);
    expect(lock.locked()).to.equal(false);
  });

  it('Lock can be released by `using`, and only when somebody has it', async () => {
    await loop.runUntilComplete(async () => {
      await lock.acquire();
      {
        using held = lock;
        expect(held.locked()).to.equal(true);
      }
      expect(lock.locked()).to.equal(false);
      expect(() => lock[Symbol.dispose]()).to.throw(InvalidStateError, 'Lock is not acquired.');
    });
  });

  it('Lock lets 10,000 through, one after the other, whatever is cancelled among them', async () => {
    const names = Array.from({ length: 10_000 }, (_, name) => name);
    await loop.runUntilComplete(function* () {
      yield* lock.acquire();
      const tasks = names.map((name) => loop.createTask(holding(name)));
      yield;
      for (const name of names) if (name % 3 === 0) tasks[name]?.cancel();
      lock.release();
      yield* tasks[9998]!;
    });
    expect([log, inspect(lock)]).to.deep.equal([names.filter((name) => name % 3 > 0), '<Lock [unlocked]>']);
  }).slow(2000);

  it('Lock is never held by two, and everybody who is not cancelled gets it in turn', async () => {
    const worker = fc.record({
      asksAt: fc.nat(5),
      holds: fc.nat(3),
      cancelledAt: fc.option(fc.nat(12), { nil: null }),
      isAsync: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(worker, { maxLength: 12 }), async (workers) => {
        loop = jumpingLoop();
        lock = new Lock();
        let holders = 0;
        const hold = (seconds: number) =>
          function* (): CoroutineGenerator<void> {
            expect(++holders).to.equal(1);
            try {
              yield* sleep(seconds);
            } finally {
              holders--;
            }
          };
        await loop.runUntilComplete(async () => {
          const tasks = workers.map(({ asksAt, holds, cancelledAt, isAsync }) => {
            const task = loop.createTask<void>(
              isAsync
                ? async () => {
                    await sleep(asksAt);
                    await lock.run(async () => {
                      expect(++holders).to.equal(1);
                      await sleep(holds).finally(() => holders--);
                    });
                  }
                : function* () {
                    yield* sleep(asksAt);
                    yield* lock.run(hold(holds));
                  },
            );
            if (cancelledAt !== null) loop.callLater(cancelledAt, () => task.cancel());
            return task;
          });
          await Promise.allSettled(tasks);
          for (const [at, task] of tasks.entries()) {
            if (!task.cancelled()) task.result();
            else expect(workers[at]?.cancelledAt).to.be.a('number');
          }
        });
        expect([holders, inspect(lock)]).to.deep.equal([0, '<Lock [unlocked]>']);
      }),
    );
  }).slow(2000);
});
