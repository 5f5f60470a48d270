import { inspect } from 'node:util';
import { expect } from 'chai';
import { getRunningLoop, sleep } from '@ringloop/core';
import { LoopGroup, SharedBoundedSemaphore, SharedSemaphore } from '@ringloop/threadsafe';
import { createLoop, dieNow } from '../fixtures/calls.js';
import { inLoop } from './fixtures/in-loop.js';
import { acquireAndKeep, passThrough, releaseThere } from './fixtures/work.js';

for (const Semaphore of [SharedSemaphore, SharedBoundedSemaphore]) {
  describe(Semaphore.name, () => {
    it('acquire() lets as many through as it has, and one more for each release', () =>
      inLoop(async () => {
        const semaphore = new Semaphore(2);
        let inside = 0;
        const tasks = [1, 2, 3].map(async () => {
          await semaphore.acquire();
          inside++;
        });
        await sleep(0);
        expect(inside).to.equal(2);
        expect(inspect(semaphore)).to.equal(`<${Semaphore.name} [locked, waiters:1]>`);
        semaphore.release();
        await Promise.all(tasks);
        semaphore.release();
        expect(semaphore.locked()).to.equal(false);
      }));

    it('acquire() loses no permit to a waiter that is cancelled after it was woken', () =>
      // CPython SemaphoreTests.test_acquire_no_hang
      inLoop(async () => {
        const semaphore = new Semaphore(1);
        await semaphore.acquire();
        const [first, second] = [1, 2].map(() => getRunningLoop().createTask(() => semaphore.acquire()));
        await sleep(0);
        semaphore.release();
        first!.cancel();
        expect(await second!).to.equal(true);
      }));

    it('tryAcquire() and release() need no loop', () => {
      const semaphore = new Semaphore(1);
      expect([semaphore.tryAcquire(), semaphore.tryAcquire()]).to.deep.equal([true, false]);
      semaphore.release();
      expect(inspect(semaphore)).to.equal(`<${Semaphore.name} [unlocked, value:1]>`);
    });

    it('the constructor refuses what is no number of permits', () => {
      for (const wrong of [-1, 1.5, NaN, 2 ** 31])
        expect(() => new Semaphore(wrong)).to.throw(RangeError, String(wrong));
      expect(() => new Semaphore('3' as unknown as number)).to.throw(TypeError, "'3'");
    });

    it('run() never lets more in than it has, of four threads', () =>
      inLoop(async () => {
        await using group = await LoopGroup.spawn({ loops: 3, loopFactory: createLoop });
        const semaphore = new Semaphore(2);
        const words = new Int32Array(new SharedArrayBuffer(8));
        const passing = group.loops.map((there) =>
          there.runCoroutineThreadsafe(passThrough, semaphore, words, 150),
        );
        await Promise.all([...passing, passThrough(semaphore, words, 150)]);
        expect(words[0]).to.equal(0);
        expect(words[1]).to.be.oneOf([1, 2]); // on a busy machine two may never meet
        expect([semaphore.tryAcquire(), semaphore.tryAcquire(), semaphore.tryAcquire()]).to.deep.equal([
          true,
          true,
          false,
        ]);
      })).slow(3000);
  });
}

describe('SharedSemaphore', () => {
  it('release() lets through more than it began with, also from another thread', () =>
    inLoop(async () => {
      await using group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
      const semaphore = new SharedSemaphore(0);
      const waiting = semaphore.acquire();
      group.next().callSoonThreadsafe(releaseThere, semaphore as unknown as SharedBoundedSemaphore);
      expect(await waiting).to.equal(true);
    }));
});

describe('SharedBoundedSemaphore', () => {
  it('release() throws when it was released as often as acquired', () => {
    const semaphore = new SharedBoundedSemaphore(1);
    expect(() => semaphore.release()).to.throw(RangeError, 'released too many times');
    semaphore.tryAcquire();
    semaphore.release();
    expect(() => semaphore.release()).to.throw(RangeError, 'released too many times');
  });

  it('acquire() gets the permits of a thread that has ended', () =>
    inLoop(async () => {
      await using group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
      const semaphore = new SharedBoundedSemaphore(1);
      const there = group.next();
      await there.runCoroutineThreadsafe(acquireAndKeep, semaphore);
      const waiting = semaphore.acquire();
      there.callSoonThreadsafe(dieNow);
      expect(await waiting).to.equal(true);
    }));
});
