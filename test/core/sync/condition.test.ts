import { inspect } from 'node:util';
import {
  type BaseEventLoop,
  CancelledError,
  Condition,
  type CoroutineGenerator,
  InvalidStateError,
  Lock,
  LoopStateError,
  sleep,
  type Task,
} from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { jumpingLoop, runOnce } from '../virtual-loop.js';

describe('core/condition', () => {
  let loop: BaseEventLoop;
  let condition: Condition;
  let log: unknown[];

  beforeEach(() => {
    loop = jumpingLoop();
    condition = new Condition();
    log = [];
  });

  /** Waits with the lock, in both kinds of coroutines. */
  const KINDS: Record<string, (name: unknown) => Task<void>> = {
    'a generator coroutine': (name) =>
      loop.createTask(function* (): CoroutineGenerator<void> {
        yield* condition.run(function* () {
          yield* condition.wait();
          log.push(name);
        });
      }),
    'an async function': (name) =>
      loop.createTask(async () =>
        condition.run(async () => {
          await condition.wait();
          log.push(name);
        }),
      ),
  };

  const notify = (n?: number): void => {
    void loop.createTask(async () => condition.run(async () => condition.notify(n)));
  };

  for (const [kind, start] of Object.entries(KINDS)) {
    it(`Condition.wait() in ${kind} goes on in the order of coming, each with the lock`, async () => {
      const tasks = ['a', 'b', 'c', 'd'].map(start);
      loop.callLater(1, notify);
      loop.callLater(2, () => {
        expect(log).to.deep.equal(['a']);
        notify(2);
      });
      loop.callLater(3, () => {
        expect(log).to.deep.equal(['a', 'b', 'c']);
        notify(-1);
        notify(0);
      });
      loop.callLater(4, () => {
        expect(log).to.deep.equal(['a', 'b', 'c']);
        notify(1000);
      });
      await loop.runUntilComplete(async () => Promise.all(tasks));
      expect([log, inspect(condition)]).to.deep.equal([['a', 'b', 'c', 'd'], '<Condition [unlocked]>']);
    });

    it(`Condition.wait() in ${kind} that is cancelled has the lock again, and others are notified instead`, async () => {
      for (const [title, at] of [
        ['before it is notified', 0],
        ['as it is notified', 1],
        ['as it takes the lock again', 2],
      ] as const) {
        condition = new Condition();
        log = [title];
        const [a, b] = [start('a'), start('b')];
        await loop.runUntilComplete(function* () {
          yield* sleep(1);
          yield* condition.acquire();
          if (at === 0) a.cancel();
          condition.notify();
          if (at === 1) a.cancel();
          yield* sleep(1);
          if (at === 2) a.cancel();
          condition.release();
        });
        expect(await rejection(loop.runUntilComplete(a))).to.be.instanceOf(CancelledError);
        await loop.runUntilComplete(b);
        expect([log, inspect(condition)]).to.deep.equal([[title, 'b'], '<Condition [unlocked]>']);
      }
    });

    it(`Condition.wait() in ${kind} that is cancelled again while it takes the lock waits for it all the same`, async () => {
      const a = start('a');
      await loop.runUntilComplete(function* () {
        yield* sleep(1);
        yield* condition.acquire();
        a.cancel('first');
        yield* sleep(1);
        a.cancel('second');
        yield* sleep(1);
        a.cancel('third');
        expect(a.done()).to.equal(false);
        yield* sleep(1);
        condition.release();
      });
      const error = await rejection(loop.runUntilComplete(a));
      expect(error).to.be.instanceOf(CancelledError).with.property('message', 'third');
      expect(inspect(condition)).to.equal('<Condition [unlocked]>');
    });
  }

  it('Condition.wait() hands on what goes wrong when it takes the lock again, and does not try for ever', async () => {
    class BrokenLock extends Lock {
      broken = false;
      override acquire(): ReturnType<Lock['acquire']> {
        if (this.broken) throw new RangeError('broken');
        return super.acquire();
      }
    }
    const lock = new BrokenLock();
    condition = new Condition(lock);
    const waiting = function* (): CoroutineGenerator<void> {
      yield* condition.acquire();
      yield* condition.wait();
    };
    const [a, b] = [loop.createTask(waiting), loop.createTask(waiting)];
    await runOnce(loop);
    await lock.acquire();
    condition.notify();
    lock.release();
    lock.broken = true;
    expect((await rejection(loop.runUntilComplete(a))).message).to.equal('broken');
    expect((await rejection(loop.runUntilComplete(b))).message).to.equal('broken'); // it was told instead of a
  });

  it('Condition.wait() needs the lock and a running loop, and always the same one', async () => {
    expect(() => condition.wait())
      .to.throw(LoopStateError)
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
    const unlocked = await rejection(loop.runUntilComplete(async () => condition.wait()));
    expect(unlocked).to.be.instanceOf(InvalidStateError);
    expect(unlocked.message).to.equal('cannot wait on un-acquired lock');
    void KINDS['an async function']?.('a');
    await runOnce(loop);
    await condition.acquire();
    const elsewhere = await rejection(jumpingLoop().runUntilComplete(async () => condition.wait()));
    expect(elsewhere).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_OTHER_LOOP');
    expect(condition.locked()).to.equal(true); // it has not been released for that
  });

  it('Condition.waitFor() gives what the predicate gives, and asks again whenever it is notified', async () => {
    let value: string | null = null;
    const task = loop.createTask(async () =>
      condition.run(async () =>
        condition.waitFor(() => {
          log.push(value);
          return value;
        }),
      ),
    );
    loop.callLater(1, notify);
    loop.callLater(2, () => {
      value = 'there';
      notify();
    });
    expect(await loop.runUntilComplete(task)).to.equal('there');
    expect(log).to.deep.equal([null, null, 'there']);
  });

  it('Condition.waitFor() throws what the predicate throws, and refuses one that is async', async () => {
    const mine = new RangeError('mine');
    const failing = (): never => {
      throw mine;
    };
    expect(await rejection(loop.runUntilComplete(async () => condition.waitFor(failing)))).to.equal(mine);
    expect(() => condition.waitFor(5 as never)).to.throw(
      TypeError,
      'a callable object was expected by waitFor()',
    );
    expect(() => condition.waitFor(async () => true)).to.throw(
      TypeError,
      'coroutines cannot be used with waitFor()',
    );
  });

  it('Condition.notify() tells only those who wait already, and needs the lock', async () => {
    expect(() => condition.notify()).to.throw(InvalidStateError, 'cannot notify on un-acquired lock');
    await loop.runUntilComplete(function* () {
      yield* condition.acquire();
      condition.notify(5);
      condition.release();
      const task = KINDS['a generator coroutine']!('late');
      yield* sleep(1);
      expect([log, task.done()]).to.deep.equal([[], false]);
      task.cancel();
    });
  });

  it('Condition takes a lock that others have too, or makes one of its own', async () => {
    const lock = new Lock();
    const [one, other] = [new Condition(lock), new Condition(lock)];
    await one.acquire();
    expect([lock, other, new Condition(), new Condition(null)].map((each) => each.locked())).to.deep.equal([
      true,
      true,
      false,
      false,
    ]);
    {
      using held = other;
      expect(held.locked()).to.equal(true);
    }
    expect(one.locked()).to.equal(false);
    for (const noLock of [{}, 5, new Condition()]) {
      expect(() => new Condition(noLock as never)).to.throw(TypeError, 'lock must be a Lock');
    }
  });

  it('Condition notifies 10,000, one by one and all at once', async () => {
    const names = Array.from({ length: 10_000 }, (_, name) => name);
    await loop.runUntilComplete(function* () {
      const tasks = names.map(KINDS['a generator coroutine']!);
      yield;
      yield* condition.acquire();
      for (let times = 0; times < 5000; times++) condition.notify();
      condition.notifyAll();
      condition.release();
      yield* tasks[9999]!;
    });
    expect(log).to.deep.equal(names);
  }).slow(2000);
});
