import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { type BaseEventLoop, type CoroutineGenerator, type Future, sleep, type Task } from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { collectGarbage } from '../core/collect-garbage.js';
import { jumpingLoop, runOnce } from '../core/virtual-loop.js';
import { KINDS } from './coroutine-kinds.js';

// Cases about contexts of CPython's test_context.py, test_tasks.py and test_futures2.py (PSF License Version 2) and of uvloop's
// test_context.py (MIT or Apache 2.0), but for those of its protocols. The facts are theirs, the text is ours.
// A context variable is an AsyncLocalStorage; `set()` is `enterWith()`.

for (const { kind, coroutine } of KINDS) {
  describe(`conformance/context, ${kind}`, () => {
    let loop: BaseEventLoop;
    let storage: AsyncLocalStorage<unknown>;
    let seen: unknown[];
    const look = (): void => void seen.push(storage.getStore());
    const start = <T>(body: () => CoroutineGenerator<T>, context?: AsyncResource): Task<T> =>
      loop.createTask(coroutine(body), context === undefined ? {} : { context });

    beforeEach(() => {
      loop = jumpingLoop();
      storage = new AsyncLocalStorage();
      seen = [];
    });

    afterEach(() => {
      storage.disable();
      loop.close();
    });

    for (const name of [
      'DecimalContextTest.test_asyncio_task_decimal_context',
      'uvloop ContextBaseTests.test_task_decimal_context',
    ]) {
      it(`${name}: each task keeps its precision over its waits`, async () => {
        const precise = (number: number): string => number.toPrecision(storage.getStore() as number);
        const fractions = (delay: number, precision: number): Task<string[]> =>
          start(function* () {
            storage.enterWith(precision);
            const first = precise(1 / 3);
            yield* sleep(delay);
            return [first, precise(1 / 9)];
          });
        const tasks = [fractions(0.1, 3), fractions(0.2, 6)];
        await loop.runUntilComplete(() => sleep(1));
        expect(tasks.map((task) => task.result())).to.deep.equal([
          ['0.333', '0.111'],
          ['0.333333', '0.111111'],
        ]);
      });
    }

    for (const name of ['BaseTaskTests.test_context_1', 'uvloop ContextBaseTests.test_task_context_1']) {
      it(`${name}: a task has a copy of its creator's context, and neither sees what the other stores`, async () => {
        await loop.runUntilComplete(
          coroutine(function* () {
            look();
            const sub = start(function* () {
              yield* sleep(0.01);
              look();
              storage.enterWith('something else');
            });
            storage.enterWith('yes');
            look();
            yield* sub;
            look();
          }),
        );
        expect(seen).to.deep.equal([undefined, 'yes', undefined, 'yes']);
      });
    }

    for (const name of ['BaseTaskTests.test_context_2', 'uvloop ContextBaseTests.test_task_context_2']) {
      it(`${name}: what a done callback stores stays with it, and a task keeps what it stores`, async () => {
        const expected: unknown[] = [];
        await loop.runUntilComplete(
          coroutine(function* () {
            const keeps = (value: string): void => {
              look();
              expected.push(value);
            };
            for (let j = 0; j < 2; j++) {
              const future: Future<null> = loop.createFuture<null>();
              future.addDoneCallback(() => storage.enterWith('something else'));
              storage.enterWith(`yes${j}`);
              loop.callSoon(() => future.setResult(null));
              yield* future;
              keeps(`yes${j}`);
              for (let i = 0; i < 3; i++) {
                storage.enterWith(`yes${i}-${j}`);
                yield* sleep(0.001);
                keeps(`yes${i}-${j}`);
              }
            }
          }),
        );
        expect(seen).to.deep.equal(expected);
        expect(storage.getStore()).to.equal(undefined);
      });
    }

    for (const name of ['BaseTaskTests.test_context_3', 'uvloop ContextBaseTests.test_task_context_3']) {
      it(`${name}: a hundred tasks, each with its own value, in whatever order they wake up`, async () => {
        const delays = fc.array(fc.double({ min: 0.001, max: 0.05, noNaN: true }), {
          minLength: 10,
          maxLength: 10,
        });
        await fc.assert(
          fc.asyncProperty(fc.array(delays, { minLength: 100, maxLength: 100 }), async (all) => {
            const wrong: unknown[] = [];
            all.forEach((mine, number) => {
              start(function* () {
                for (const [step, delay] of mine.entries()) {
                  storage.enterWith(number + step / 10);
                  yield* sleep(delay);
                  if (storage.getStore() !== number + step / 10)
                    wrong.push([number, step, storage.getStore()]);
                }
              });
            });
            await loop.runUntilComplete(() => sleep(1));
            expect([wrong, storage.getStore()]).to.deep.equal([[], undefined]);
          }),
          { numRuns: 3 },
        );
      });
    }

    it('uvloop ContextBaseTests.test_task_context_4: what a task stored is let go of when nobody can see it any more', async function () {
      this.slow(1000); // full garbage collections
      const registry = new FinalizationRegistry<string>((what) => seen.push(what));
      const store = (): void => {
        const tracked = {};
        registry.register(tracked, 'collected');
        storage.enterWith(tracked);
        loop.callSoon(() => undefined);
      };
      const main = coroutine(function* () {
        yield* start(function* () {
          store();
          yield* sleep(0);
        });
        yield* sleep(0.01);
      });
      await loop.runUntilComplete(main);
      await loop.runUntilComplete(() => sleep(0.01));
      await collectGarbage(() => seen.length > 0);
      expect(seen).to.deep.equal(['collected']);
    });

    for (const [name, create] of [
      ['BaseTaskTests.test_context_4', 'the constructor'],
      ['BaseTaskTests.test_context_5', 'createTask()'],
      ['BaseTaskTests.test_context_6', 'createTask() of the loop'],
    ] as const) {
      it(`${name}: two tasks begin in the context that ${create} was given, which stays as it is`, async () => {
        const context = storage.run('given', () => new AsyncResource('test'));
        const store = (value: string): Task<void> =>
          start(function* () {
            look();
            yield* sleep(0);
            look();
            storage.enterWith(value);
          }, context);
        await loop.runUntilComplete(
          coroutine(function* () {
            yield* store('first');
            yield* store('second');
          }),
        );
        expect(seen).to.deep.equal(['given', 'given', 'given', 'given']);
        expect(context.runInAsyncScope(() => storage.getStore())).to.equal('given');
      });
    }

    it('BaseTaskTests.test_get_context: tells in which context the task was created', async () => {
      const context = storage.run('given', () => new AsyncResource('test'));
      const task = start(function* () {
        yield* sleep(0);
      }, context);
      expect(task.getContext()).to.equal(context);
      await loop.runUntilComplete(task);
      expect(task.getContext().runInAsyncScope(() => storage.getStore())).to.equal('given');
    });
  });
}

describe('conformance/context', () => {
  let loop: BaseEventLoop;
  let storage: AsyncLocalStorage<unknown>;
  let seen: unknown[];
  const look = (): void => void seen.push(storage.getStore());

  beforeEach(() => {
    loop = jumpingLoop();
    storage = new AsyncLocalStorage();
    seen = [];
  });

  afterEach(() => {
    storage.disable();
    loop.close();
  });

  it('ran callbacks: what a callback stores, no other callback sees, neither in this run nor in the next', async () => {
    for (let run = 0; run < 2; run++) {
      for (let count = 0; count < 3; count++) {
        loop.callSoon(() => {
          look();
          storage.enterWith(`left by ${count}`);
        });
        loop.callLater(0.1, () => {
          look();
          storage.enterWith('left by a timer');
        });
      }
      await loop.runUntilComplete(() => sleep(1));
    }
    expect(seen).to.deep.equal(seen.map(() => undefined));
    expect(storage.getStore()).to.equal(undefined);
  });

  it('FutureTests.test_handle_exc_handler_correct_context: the exception handler runs in the context of the callback that threw', async () => {
    loop.setExceptionHandler(look);
    loop.callSoon(() => {
      storage.enterWith('bar');
      throw new Error('division by zero');
    });
    await runOnce(loop);
    expect(seen).to.deep.equal(['bar']);
  });

  it('FutureTests.test_task_exc_handler_correct_context: and in the context of the task or future that the report is about', async () => {
    loop.setExceptionHandler(look);
    const context = storage.run('bar', () => new AsyncResource('test'));
    const task = loop.createTask(() => sleep(0), { context });
    await loop.runUntilComplete(task);
    loop.callExceptionHandler({ message: 'something about it', task });
    loop.callExceptionHandler({ message: 'something about it', future: task });
    const handle = storage.run('baz', () => loop.callSoon(() => undefined));
    loop.callExceptionHandler({ message: 'something about it', handle });
    loop.callExceptionHandler({ message: 'about nothing' });
    expect(seen).to.deep.equal(['bar', 'bar', 'baz', undefined]); // ran on CPython 3.12.1
  });
});
