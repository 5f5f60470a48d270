import { inspect } from 'node:util';
import { expect } from 'chai';
import {
  type BaseEventLoop,
  CancelledError,
  InvalidStateError,
  sleep,
  TimeoutError,
  waitFor,
} from '@ringloop/core';
import { LoopGroup, PeerExitedError, SharedBoundedSemaphore, SharedLock } from '@ringloop/threadsafe';
import { createLoop, dieNow } from '../fixtures/calls.js';
import { jumpingLoop } from '../../core/virtual-loop.js';
import { inLoop } from './fixtures/in-loop.js';
import { acquireAndKeep, addUnderLock, releaseThere, standInLine } from './fixtures/work.js';

describe('SharedLock', () => {
  it('acquire() lets one at a time through, in the order of asking', () =>
    inLoop(async () => {
      const lock = new SharedLock();
      const order: number[] = [];
      await lock.acquire();
      const tasks = [1, 2, 3].map(async (n) => {
        await lock.acquire();
        order.push(n);
        lock.release();
      });
      await sleep(0);
      expect(order).to.deep.equal([]);
      lock.release();
      await Promise.all(tasks);
      expect(order).to.deep.equal([1, 2, 3]);
      expect(lock.locked()).to.equal(false);
    }));

  it('acquire() passes over a waiter that was cancelled as it was woken', () => {
    // CPython LockTests.test_cancel_race
    const loop: BaseEventLoop = jumpingLoop();
    return loop.runUntilComplete(async () => {
      const lock = new SharedLock();
      await lock.acquire();
      const [first, second] = [1, 2].map(() => loop.createTask(() => lock.acquire()));
      await sleep(0);
      lock.release();
      first!.cancel();
      expect(await second!).to.equal(true);
      expect(first!.cancelled()).to.equal(true);
      lock.release();
      expect(inspect(lock)).to.equal('<SharedLock [unlocked]>');
    });
  });

  it('acquire() can be given up after a time, in time of the loop', () =>
    jumpingLoop().runUntilComplete(async () => {
      const lock = new SharedLock();
      await lock.acquire();
      const late: unknown = await waitFor(lock.acquire(), 5).catch((thrown: unknown) => thrown);
      expect(late).to.be.instanceOf(TimeoutError);
      expect((late as Error).cause).to.be.instanceOf(CancelledError);
      lock.release();
      expect(lock.tryAcquire()).to.equal(true);
    }));

  it('acquire() goes on when an earlier waiter is in a loop that was closed', async () => {
    const lock = new SharedLock();
    lock.tryAcquire();
    const closed = jumpingLoop();
    closed.setExceptionHandler(() => undefined); // a task that was pending when the loop was closed
    await closed.runUntilComplete(async () => {
      closed.createTask(() => lock.acquire());
      await sleep(0);
    });
    closed.close();
    await inLoop(async () => {
      const waiting = lock.acquire();
      lock.release();
      expect(await waiting).to.equal(true);
    });
  });

  it('acquire() works in generator coroutines', () =>
    inLoop(function* () {
      const lock = new SharedLock();
      yield* lock.acquire();
      expect(lock.locked()).to.equal(true);
      lock.release();
      return yield* lock.run(function* () {
        yield* sleep(0);
      });
    }));

  it('tryAcquire() and release() need no loop', () => {
    const lock = new SharedLock();
    expect([lock.tryAcquire(), lock.tryAcquire()]).to.deep.equal([true, false]);
    lock.release();
    expect(() => lock.release()).to.throw(InvalidStateError);
  });

  it('fromWire() gives the same lock, and refuses anything else', () => {
    const lock = new SharedLock();
    const same = SharedLock.fromWire(structuredClone(lock.toWire()));
    same.tryAcquire();
    expect(lock.locked()).to.equal(true);
    for (const wrong of [null, {}, 7, new SharedBoundedSemaphore().toWire()]) {
      expect(() => SharedLock.fromWire(wrong)).to.throw(TypeError, 'toWire() did not make it');
    }
  });

  describe('between threads', () => {
    let group: LoopGroup;

    beforeEach(async () => {
      group = await LoopGroup.spawn({ loops: 3, loopFactory: createLoop });
    });

    afterEach(() => group.close().then(() => undefined));

    it('run() makes a counter exact that loops of four threads add to', () =>
      inLoop(async () => {
        const lock = new SharedLock();
        const words = new Int32Array(new SharedArrayBuffer(4));
        const adding = group.loops.map((there) =>
          there.runCoroutineThreadsafe(addUnderLock, lock, words, 300),
        );
        await Promise.all([...adding, addUnderLock(lock, words, 300)]);
        expect(words[0]).to.equal(1200);
        expect(lock.locked()).to.equal(false);
      })).slow(3000);

    it('acquire() reports once that the thread that held the lock has ended', () =>
      inLoop(async () => {
        const lock = new SharedLock();
        const [holder] = group.loops;
        await holder!.runCoroutineThreadsafe(acquireAndKeep, lock);
        const waiting = lock.acquire().then(
          () => null,
          (thrown: unknown) => thrown,
        );
        holder!.callSoonThreadsafe(dieNow);
        expect(await waiting).to.be.instanceOf(PeerExitedError);
        expect(await lock.acquire()).to.equal(true);
        lock.release();
      }));

    it('release() passes over a thread that ended while it waited', () =>
      inLoop(async () => {
        const lock = new SharedLock();
        await lock.acquire();
        const [first, second] = group.loops;
        await first!.runCoroutineThreadsafe(standInLine, lock);
        const after = second!.runCoroutineThreadsafe(acquireAndKeep, lock);
        first!.callSoonThreadsafe(dieNow);
        lock.release();
        await after;
        second!.callSoonThreadsafe(releaseThere, lock);
        expect(await lock.acquire()).to.equal(true);
      }));
  });
});
