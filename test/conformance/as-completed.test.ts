/* eslint-disable require-yield -- a coroutine need not wait for anything */
import {
  asCompleted,
  type Awaitable,
  type BaseEventLoop,
  type Coroutine,
  type CoroutineGenerator,
  ensureFuture,
  type Future,
  type Joinable,
  LoopStateError,
  sleep,
  TimeoutError,
  wait,
} from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { jumpingLoop } from '../core/virtual-loop.js';
import { BOTH_KINDS } from './blocks.js';

// Cases of CPython's test_tasks.py that are about as_completed() (PSF License Version 2). The facts are theirs, the text is ours.

for (const { kind, coroutine } of BOTH_KINDS) {
  describe(`conformance/as-completed, ${kind}`, () => {
    let loop: BaseEventLoop;

    beforeEach(() => {
      loop = jumpingLoop();
    });

    const returning = <T>(value: T, delay?: number): Coroutine<T> =>
      coroutine(function* () {
        if (delay !== undefined) yield* sleep(delay);
        return value;
      });

    async function plain<T>(
      awaitables: Iterable<Joinable<T>>,
      options: { timeout?: number } = {},
    ): Promise<(T | string)[]> {
      const values: (T | string)[] = [];
      for (const next of asCompleted(awaitables, options)) {
        try {
          values.push(await next);
        } catch (thrown) {
          values.push(String(thrown));
        }
      }
      return values;
    }

    async function asynchronous<T>(
      awaitables: Iterable<Joinable<T>>,
      options: { timeout?: number } = {},
    ): Promise<(T | string)[]> {
      const values: (T | string)[] = [];
      try {
        for await (const future of asCompleted(awaitables, options)) values.push(future.result());
      } catch (thrown) {
        values.push(String(thrown));
      }
      return values;
    }

    const METHODS = { plain, asynchronous };

    for (const [name, iterate] of Object.entries(METHODS)) {
      it(`BaseTaskTests.test_as_completed: results come in the order of completion, ${name} iteration`, async () => {
        const awaitables = [returning('b', 0.02), returning('c', 0.15), returning('a', 0.01)];
        expect(await loop.runUntilComplete(() => iterate(awaitables))).to.deep.equal(['a', 'b', 'c']);
        expect(loop.time()).to.equal(0.15);
      });

      it(`BaseTaskTests.test_as_completed_with_timeout: TimeoutError for those that are late, ${name} iteration`, async () => {
        const awaitables = [returning('a', 0.1), returning('b', 0.15)];
        const values = await loop.runUntilComplete(() => iterate(awaitables, { timeout: 0.12 }));
        expect(values).to.deep.equal(['a', 'TimeoutError: Timed out']);
        expect(loop.time()).to.equal(0.12);
      });

      it(`BaseTaskTests.test_as_completed_with_unused_timeout: none for those in time, ${name} iteration`, async () => {
        const values = await loop.runUntilComplete(() => iterate([returning('a', 0.01)], { timeout: 1 }));
        expect(values).to.deep.equal(['a']);
      });

      it(`BaseTaskTests.test_as_completed_duplicate_coroutines: the same one is one, ${name} iteration`, async () => {
        const ham = returning('ham');
        const values = await loop.runUntilComplete(() => iterate([ham, ham, returning('spam')]));
        expect(values).to.deep.equal(['ham', 'spam']);
      });
    }

    it('BaseTaskTests.test_as_completed_same_tasks_in_as_out: async iteration gives the tasks themselves', () =>
      loop.runUntilComplete(async () => {
        const tasks = [loop.createTask(returning('b')), loop.createTask(returning('d'))] as const;
        const awaitables = [returning('a'), tasks[0], returning('c'), tasks[1]];
        const given: unknown[] = [];
        for await (const future of asCompleted(awaitables)) given.push(future);
        expect(given.filter((each) => awaitables.includes(each as never))).to.deep.equal([...tasks]);
        expect(given).to.have.lengthOf(4);
      }));

    it('BaseTaskTests.test_as_completed_resume_iterator: an iteration that was left can be resumed', () =>
      loop.runUntilComplete(async () => {
        const four = (): Coroutine<number>[] => [0, 1, 2, 3].map((value) => returning(value));
        const collected: number[] = [];
        const iterator = asCompleted(four());
        for (const next of iterator) if (collected.push(await next) === 2) break;
        expect(collected).to.have.lengthOf(2);
        for (const next of iterator) collected.push(await next);
        const asynchronous = asCompleted(four());
        for await (const future of asynchronous) if (collected.push(future.result()) === 6) break;
        for await (const future of asynchronous) collected.push(future.result());
        expect(collected).to.deep.equal([0, 1, 2, 3, 0, 1, 2, 3]);
      }));

    it('BaseTaskTests.test_as_completed_reverse_wait: who waits first, gets the first', () =>
      loop.runUntilComplete(
        coroutine(function* () {
          const all = [...asCompleted([returning('a', 0.05), returning('b', 0.1)])] as [
            Awaitable<string>,
            Awaitable<string>,
          ];
          expect([yield* all[1], loop.time()]).to.deep.equal(['a', 0.05]);
          expect([yield* all[0], loop.time()]).to.deep.equal(['b', 0.1]);
        }),
      ));

    it('BaseTaskTests.test_as_completed_concurrent: all can be waited for at once', () =>
      loop.runUntilComplete(async () => {
        const pair = (): Coroutine<string>[] => [returning('a', 0.05), returning('b', 0.05)];
        const given: Awaitable<string>[] = [];
        for await (const future of asCompleted(pair())) given.push(future as Future<string>); // see DoneFuture
        for (const awaitables of [[...asCompleted(pair())], given]) {
          const [done] = await wait(awaitables.map((each) => ensureFuture(each)));
          expect([...done].map((future) => future.result())).to.deep.equal(['a', 'b']);
        }
      }));

    it('BaseTaskTests.test_as_completed_coroutine_without_loop: coroutines need a loop that runs', () => {
      expect(() => asCompleted([returning(42)])).to.throw(LoopStateError, 'There is no current event loop');
    });

    it('BaseTaskTests.test_as_completed_coroutine_use_running_loop: and become tasks of it', () =>
      loop.runUntilComplete(
        coroutine(function* () {
          const all = [...asCompleted([returning(42)])];
          expect(all).to.have.lengthOf(1);
          for (const next of all) expect(yield* next).to.equal(42);
        }),
      ));

    it('BaseTaskTests.test_as_completed_invalid_args: a future is no list of futures', () =>
      loop.runUntilComplete(
        coroutine(function* (): CoroutineGenerator<void> {
          for (const wrong of [loop.createFuture(), async () => 42]) {
            expect(() => asCompleted(wrong as never)).to.throw(
              TypeError,
              'asCompleted() expects an iterable of futures',
            );
          }
        }),
      ));

    it('BaseTaskTests.test_as_completed_with_timeout: the timeout of async iteration is thrown by it', () =>
      loop.runUntilComplete(async () => {
        const iterator = asCompleted([loop.createFuture()], { timeout: 1 })[Symbol.asyncIterator]();
        expect(await rejection(iterator.next())).to.be.instanceOf(TimeoutError);
      }));
  });
}
