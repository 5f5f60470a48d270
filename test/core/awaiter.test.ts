import { AsyncResource } from 'node:async_hooks';
import { createServer, get } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises';
import {
  type BaseEventLoop,
  CancelledError,
  currentTask,
  Event,
  type Future,
  Lock,
  Queue,
  sleep,
  type Task,
  timeout,
  TimeoutError,
  waitFor,
} from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from './virtual-loop.js';

describe('core/awaiter', () => {
  let loop: BaseEventLoop;
  let shared: Future<string>;
  let log: string[];
  const note = (what: string) => (): void => void log.push(what);

  /** Awaits, and notes how that ended. */
  async function watch(name: string, awaited: PromiseLike<unknown>): Promise<void> {
    try {
      log.push(`${name}: ${String(await awaited)}`);
    } catch (thrown) {
      log.push(`${name}: ${String(thrown)}`);
    }
  }

  /** Runs a body as a task, cancels it after `seconds`, and waits for its end. */
  async function cancelled(seconds: number, body: () => Promise<unknown>): Promise<[Task<unknown>]> {
    const task = loop.createTask(body);
    loop.callLater(seconds, () => task.cancel('stop'));
    await loop.runUntilComplete(() => Promise.allSettled([task]));
    return [task]; // an async function that returns a task waits for it
  }

  const main = <T>(coroutine: () => PromiseLike<T>): Promise<T> => loop.runUntilComplete(coroutine);

  beforeEach(() => {
    loop = jumpingLoop();
    shared = loop.createFuture();
    log = [];
  });

  describe('an await', () => {
    it('Task.cancel() throws at the await, in any async function that the task awaits', async () => {
      const inner = async (): Promise<void> => watch('inner', sleep(9));
      const [task] = await cancelled(1, async () => {
        await (async () => inner())();
        log.push(`went on at ${loop.time()}`);
      });
      expect([log, task.cancelled()]).to.deep.equal([['inner: CancelledError: stop', 'went on at 1'], false]);
    });

    it('Task.cancel() throws at the await of each function that runs side by side, once in the same future', async () => {
      const both = async (): Promise<void> => {
        await Promise.all([watch('a', shared), watch('b', shared), watch('c', sleep(9))]);
      };
      await cancelled(1, both);
      expect(log.sort()).to.deep.equal(['a', 'b', 'c'].map((name) => `${name}: CancelledError: stop`));
    });

    it('Task.cancel() does not cancel a future that the task only looked at, resolved or inspected', async () => {
      await cancelled(1, async () => {
        void Promise.resolve(shared).then(note('shared'));
        log.push(String(loop.createTask(() => shared) instanceof Promise));
        expect(`${shared.constructor === Promise}`).to.equal('true');
        void shared.then();
        console.assert(true, '%o', shared); // shows nothing
        const { inspect } = await import('node:util');
        inspect(shared);
        inspect([shared]);
        await watch('own', sleep(9));
      });
      expect(log).to.deep.equal(['true', 'own: CancelledError: stop']);
    });

    it('Task.cancel() cancels a future that is kept and awaited later only once it is awaited', async () => {
      await cancelled(1, async () => {
        const kept = sleep(9, 'kept');
        await watch('first', sleep(2, 'slept'));
        await watch('kept', kept);
      });
      expect(log).to.deep.equal(['first: CancelledError: stop', 'kept: kept']);
    });
  });

  describe('then(), catch() and finally()', () => {
    it('Future.then() that nobody awaits is not what the task waits for', async () => {
      const background = loop.createTask(async () => sleep(5, 'done'));
      const [task] = await cancelled(1, async () => {
        void sleep(2).then(note('reminder'));
        void background.then(note('then'));
        void background.catch(note('catch'));
        void background.finally(note('finally'));
        void sleep(2).then(async () => {
          await sleep(1);
          log.push('reaction');
        });
        await sleep(9);
      });
      expect([task.cancelled(), log]).to.deep.equal([true, []]);
      await main(() => sleep(9));
      expect(log).to.deep.equal(['reminder', 'reaction', 'then', 'finally']);
    });

    it('Future.then() that is awaited is interrupted, and tells its reactions', async () => {
      for (const [name, wait] of Object.entries({
        then: (future: Promise<unknown>) => future.then(note('not called')),
        'then, twice': (future: Promise<unknown>) => future.then(note('not called')).then(note('nor this')),
        catch: (future: Promise<unknown>) =>
          future.catch((reason: unknown) => {
            log.push(`catch ${String(reason)}`);
            throw reason as Error;
          }),
        finally: (future: Promise<unknown>) => future.finally(note('cleaned up')),
      })) {
        log = [];
        shared = loop.createFuture();
        const [task] = await cancelled(1, async () => wait(shared));
        expect([name, task.cancelled(), shared.cancelled(), ...log]).to.deep.equal([
          name,
          true,
          true,
          ...(name === 'catch' ? ['catch CancelledError: stop'] : name === 'finally' ? ['cleaned up'] : []),
        ]);
      }
    });

    it('Future.then() that is awaited leaves a future alone that others wait for', async () => {
      const other = loop.createTask(async () => shared);
      const [task] = await cancelled(1, async () => {
        await shared.finally(note('cleaned up'));
      });
      expect([task.cancelled(), shared.done(), log]).to.deep.equal([true, false, ['cleaned up']]);
      shared.setResult('for the other');
      expect(await loop.runUntilComplete(other)).to.equal('for the other');
    });

    it('Future.then() whose reaction takes its time is not waited for any longer', async () => {
      shared.setResult('there');
      const [task] = await cancelled(1, async () => shared.then(() => sleep(100)));
      expect([task.cancelled(), loop.time()]).to.deep.equal([true, 1]);
      await main(() => sleep(200)); // what it comes to is dropped
    });

    it('Future.then() that rejects unawaited is an unhandled rejection of Node, unless it was cancelled', async () => {
      const unhandled: unknown[] = [];
      const before = process.rawListeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      process.on('unhandledRejection', (reason) => unhandled.push(reason));
      try {
        const failing = loop.createFuture();
        void failing.then();
        void shared.then();
        failing.setException(new RangeError('nobody asks'));
        shared.cancel();
        await runOnce(loop);
        await immediate();
      } finally {
        process.removeAllListeners('unhandledRejection');
        for (const listener of before) process.on('unhandledRejection', listener as () => void);
      }
      expect(unhandled.map(String)).to.deep.equal(['RangeError: nobody asks']);
    });
  });

  describe('combinators', () => {
    const COMBINATORS = {
      race: (all: Iterable<PromiseLike<unknown>>) => Promise.race(all),
      all: (all: Iterable<PromiseLike<unknown>>) => Promise.all(all),
      any: (all: Iterable<PromiseLike<unknown>>) => Promise.any(all),
    };
    const never = (): Promise<never> => new Promise(() => undefined);

    for (const [name, combine] of Object.entries(COMBINATORS)) {
      it(`Promise.${name}() is interrupted at once, and leaves what others wait for alone`, async () => {
        const other = loop.createTask(async () => shared);
        const own = loop.createFuture();
        const [task] = await cancelled(1, async () => {
          await combine([shared, own, sleep(9)]);
        });
        expect([task.cancelled(), loop.time()]).to.deep.equal([true, 1]);
        expect([shared.done(), own.cancelled(), other.done()]).to.deep.equal([false, true, false]);
      });

      it(`Promise.${name}() that cleans up is not cancelled again, be it with promises of Node`, async () => {
        for (const pause of [() => sleep(2), immediate]) {
          log = [];
          shared = loop.createFuture();
          const [task] = await cancelled(1, async () => {
            try {
              await combine([shared, sleep(9)]);
            } finally {
              await pause();
              await sleep(2);
              log.push('cleaned up');
            }
          });
          expect([task.cancelled(), log]).to.deep.equal([true, ['cleaned up']]);
        }
      });

      it(`Promise.${name}() that has settled is not cancelled: the cancellation is thrown at the next await`, async () => {
        const decided: Record<string, () => PromiseLike<unknown>> = {
          race: () => combine([shared, Promise.resolve('Node’s')]),
          all: () => combine([shared, Promise.reject(new Error('Node’s'))]),
          any: () => combine([shared, Promise.resolve('Node’s')]),
        };
        let go!: () => void;
        const nodes = new Promise<void>((resolve) => (go = resolve));
        const other = loop.createTask(async () => shared);
        const task = loop.createTask(async () => {
          await watch('combined', decided[name]!());
          await nodes;
          await watch('next', sleep(5));
        });
        await main(async () => {
          await sleep(1);
          task.cancel('stop');
          await sleep(1);
          go();
          await sleep(10);
        });
        expect(log.at(-1)).to.equal('next: CancelledError: stop');
        expect([shared.done(), other.done()]).to.deep.equal([false, false]);
      });
    }

    it('Promise.race() whose loser is left behind is not cancelled by way of it', async () => {
      const other = loop.createTask(async () => watch('other', shared));
      const [task] = await cancelled(5, async () => {
        await Promise.race([shared, sleep(1)]);
        await sleep(9);
      });
      expect([task.cancelled(), shared.done()]).to.deep.equal([true, false]);
      shared.setResult('fine');
      await loop.runUntilComplete(other);
      expect(log).to.deep.equal(['other: fine']);
    });

    it('Promise.race() again and again does not swallow a cancellation', async () => {
      const stop = new Event();
      let rounds = 0;
      const [task] = await cancelled(1, async () => {
        for (;;) {
          await Promise.race([stop.wait(), sleep(0.1)]);
          await immediate();
          rounds++;
        }
      });
      expect([task.cancelled(), rounds < 12]).to.deep.equal([true, true]);
    });

    it('Promise.race() that is kept for later is left alone while something else is awaited', async () => {
      await cancelled(1, async () => {
        const kept = Promise.race([shared, sleep(3, 'timer')]);
        void Promise.race([sleep(2, 'reminder')]).then((what) => log.push(what));
        await watch('wait', sleep(9));
        await watch('kept', kept);
      });
      expect(log).to.deep.equal(['wait: CancelledError: stop', 'reminder', 'kept: timer']);
    });

    it('Promise.all() that is kept and awaited after another wait is interrupted as well', async () => {
      const [task] = await cancelled(5, async () => {
        const kept = Promise.all([shared, loop.createFuture()]);
        await sleep(1);
        await kept;
      });
      expect([task.cancelled(), loop.time()]).to.deep.equal([true, 5]);
    });

    it('Promise.race() is interrupted even though an async helper that nobody awaits runs beside it', async () => {
      const helper = async (): Promise<void> => {
        for (;;) await sleep(1);
      };
      const [task] = await cancelled(2.5, async () => {
        void helper().catch(note('helper'));
        await watch('race', Promise.race([shared, loop.createFuture()]));
      });
      expect([log, task.done()]).to.deep.equal([['helper', 'race: CancelledError: stop'], true]);
    });

    it('Promise.race() is interrupted through an async function that it was given', async () => {
      const [task] = await cancelled(1, async () => Promise.race([never(), (async () => sleep(9))()]));
      expect([task.cancelled(), loop.time()]).to.deep.equal([true, 1]);
    });

    it('Promise.allSettled() goes on, and is cancelled at the next await, or where the function returns', async () => {
      const [next] = await cancelled(1, async () => {
        const settled = await Promise.allSettled([shared, sleep(9)]);
        log.push(settled.map(({ status }) => status).join());
        await watch('next', sleep(5));
      });
      expect([log, next.cancelled()]).to.deep.equal([
        ['rejected,rejected', 'next: CancelledError: stop'],
        false,
      ]);
      const [returning] = await cancelled(1, async () => Promise.allSettled([loop.createFuture()]));
      expect(returning.cancelled()).to.equal(true);
    });

    it('Promise.allSettled() is cancelled as well after a helper beside it was cancelled', async () => {
      const [task] = await cancelled(1, async () => {
        void (async () => sleep(9))().catch(note('helper'));
        await Promise.resolve();
        await Promise.allSettled([loop.createFuture()]);
        await watch('next', sleep(5));
      });
      expect([log, task.cancelled()]).to.deep.equal([['helper', 'next: CancelledError: stop'], false]);
    });

    it('Promise.race() is not cancelled when a helper beside it is, and the function goes on', async () => {
      const other = loop.createTask(async () => shared);
      const [task] = await cancelled(1, async () => {
        const helped = (async () => watch('helper', sleep(9)))();
        const kept = Promise.race([shared, loop.createFuture<string>()]);
        void watch('beside', sleep(9));
        await helped;
        await watch('next', sleep(2, 'slept'));
        shared.setResult('on time');
        await watch('kept', kept);
      });
      await loop.runUntilComplete(other);
      expect([task.cancelled(), ...log]).to.deep.equal([
        false,
        'helper: CancelledError: stop',
        'beside: CancelledError: stop',
        'next: slept',
        'kept: on time',
      ]);
    });

    it('Promise.any() whose futures were all cancelled counts as a cancellation', async () => {
      const futures = [loop.createFuture(), loop.createFuture()];
      const task = loop.createTask(async () => Promise.any(futures));
      await main(async () => {
        await sleep(1);
        for (const future of futures) future.cancel('by others');
        await sleep(1);
      });
      expect(task.cancelled()).to.equal(true);
      const mixed = loop.createTask(async () => {
        throw new AggregateError([new CancelledError(), new Error('another')]);
      });
      const empty = loop.createTask(async () => Promise.any([]));
      await main(() => Promise.allSettled([mixed, empty]));
      expect([mixed.cancelled(), empty.cancelled()]).to.deep.equal([false, false]);
      expect([mixed.exception()?.name, empty.exception()?.name]).to.deep.equal([
        'AggregateError',
        'AggregateError',
      ]);
    });

    it('Promise.race() in a task that was cancelled before is interrupted when it is awaited', async () => {
      const other = loop.createTask(async () => shared);
      const task = loop.createTask(async () => {
        currentTask()?.cancel('self');
        await watch('race', Promise.race([shared, loop.createFuture()]));
      });
      await loop.runUntilComplete(task);
      expect([log, shared.done(), other.done()]).to.deep.equal([
        ['race: CancelledError: self'],
        false,
        false,
      ]);
    });

    it('Promise.race() is left alone when an await in between has thrown the cancellation', async () => {
      const other = loop.createTask(async () => shared);
      const task = loop.createTask(async () => {
        const kept = Promise.race([shared, loop.createFuture<string>()]);
        await immediate();
        currentTask()?.cancel('self'); // offered to the race in the next iteration …
        await watch('await', sleep(5)); // … but thrown here
        shared.setResult('on time');
        await watch('kept', kept);
      });
      await loop.runUntilComplete(task);
      expect(log).to.deep.equal(['await: CancelledError: self', 'kept: on time']);
      expect(await loop.runUntilComplete(other)).to.equal('on time');
    });
  });

  describe('a coroutine that returns a future', () => {
    it('Task.cancel() reaches the future that the coroutine returned, which may settle later', async () => {
      const patient = loop.createTask(async () => {
        try {
          await sleep(100);
        } finally {
          await sleep(2);
          log.push('patient');
        }
      });
      const [task] = await cancelled(1, async () => {
        await (async () => patient)();
      });
      expect([log, task.cancelled(), loop.time()]).to.deep.equal([['patient'], true, 3]);
    });

    it('Task.cancel() does not lose an item, nor leave a lock taken', async () => {
      const queue = new Queue<string>();
      const lock = new Lock();
      await lock.acquire();
      await cancelled(1, async () => Promise.all([queue.get(), lock.acquire()]));
      lock.release();
      queue.putNowait('item');
      const got = await main(async () => [await queue.get(), await lock.acquire()]);
      expect(got).to.deep.equal(['item', true]);
    });

    it('Task.cancel() wins over the result of a returned future that is done already', async () => {
      const task = loop.createTask(async () => {
        await watch('returned', (async () => shared)());
      });
      await runOnce(loop);
      await runOnce(loop);
      shared.setResult('done');
      task.cancel('late');
      await loop.runUntilComplete(task);
      expect(log).to.deep.equal(['returned: CancelledError: late']);
    });
  });

  describe('a future that several wait for', () => {
    it('Task.cancel() between result and wake-up is thrown at the next await where others await the same', async () => {
      const waiting = ['a', 'b'].map((name) =>
        loop.createTask(async () => {
          await watch(name, shared);
          await watch(`${name} again`, sleep(1, 'slept'));
        }),
      );
      await runOnce(loop);
      shared.setResult('result');
      waiting[0]!.cancel('late');
      await main(() => Promise.allSettled(waiting));
      expect(log).to.deep.equal([
        'a: result',
        'b: result',
        'a again: CancelledError: late',
        'b again: slept',
      ]);
    });

    it('Promise.race() of a shared future does not affect the others that await it', async () => {
      const tasks = ['a', 'b'].map((name) => loop.createTask(async () => watch(name, shared)));
      await runOnce(loop);
      const raced = loop.createTask(async () => Promise.race([shared, sleep(1, 'slept')]));
      expect(await loop.runUntilComplete(raced)).to.equal('slept');
      tasks[0]!.cancel();
      await main(() => Promise.all(tasks));
      expect(log).to.deep.equal(['a: CancelledError', 'b: CancelledError']);
    });

    it('Future that is done and has woken nobody yet can be awaited, and inspected', async () => {
      const first = loop.createTask(async () => watch('first', shared));
      const second = loop.createTask(async () => {
        await sleep(1);
        shared.setResult('result');
        expect(() => shared.setResult('again')).to.throw('finished');
        await watch('second', shared);
      });
      await main(() => Promise.all([first, second]));
      expect(log).to.deep.equal(['second: result', 'first: result']);
    });

    it('Future at which one task was interrupted still gives its outcome to the others', async () => {
      const task = loop.createTask(async () => watch('cancelled', shared));
      await runOnce(loop);
      shared.setResult('result');
      task.cancel();
      await loop.runUntilComplete(task);
      await main(async () => watch('later', shared));
      await main(async () => watch('raced', Promise.race([shared])));
      expect(log).to.deep.equal(['cancelled: CancelledError', 'later: result', 'raced: result']);
    });

    it('Future.then() right after somebody’s await keeps nobody waiting', async () => {
      for (const end of ['setResult', 'setException', 'cancel', 'done before'] as const) {
        for (const look of [
          (future: Future<string>) => future.then(note('then'), note('caught')),
          (future: Future<string>) => Promise.race([future]).then(note('then'), note('caught')),
          (future: Future<string>) => Promise.resolve(future).then(note('then'), note('caught')),
          (future: Future<string>) => (async () => future)().then(note('then'), note('caught')),
        ]) {
          log = [];
          const future = loop.createFuture<string>();
          if (end === 'done before') future.setException(new RangeError('early'));
          const settled = await main(async () => {
            const helped = (async () => future)();
            const awaited = (async () => {
              await future;
            })();
            void look(future);
            const task = loop.createTask(async () => {
              await future;
            });
            await sleep(1);
            if (end === 'setResult') future.setResult('result');
            else if (end === 'setException') future.setException(new RangeError('boom'));
            else if (end === 'cancel') future.cancel();
            return Promise.allSettled([helped, awaited, task]);
          });
          const status = end === 'setResult' ? 'fulfilled' : 'rejected';
          expect([end, ...settled.map((each) => each.status)]).to.deep.equal([end, status, status, status]);
          expect(log).to.deep.equal([end === 'setResult' ? 'then' : 'caught']);
        }
      }
    });

    it('Future that has failed can be awaited, raced, and looked at, and is reported only if nobody did', async () => {
      const reports = reportsOf(loop);
      const failed = loop.createFuture<never>();
      failed.setException(new RangeError('boom'));
      await main(async () => {
        await Promise.all([watch('a', failed), watch('b', failed)]);
        await watch('race', Promise.race([failed, sleep(1)]));
        await watch('later', failed);
      });
      loop.close();
      expect(log).to.deep.equal(['a', 'b', 'race', 'later'].map((name) => `${name}: RangeError: boom`));
      expect(reports).to.deep.equal([]);
    });
  });

  describe('callbacks of Node that a task has set up', () => {
    /** With the clock of the world: Node’s callbacks know no other. */
    async function within(seconds: number, body: () => Promise<void>): Promise<void> {
      const { NodeHost } = await import('@ringloop/core/internal');
      const { BaseEventLoop: Loop } = await import('@ringloop/core');
      loop = new Loop({ host: new NodeHost() });
      await loop.runUntilComplete(async () => {
        try {
          await timeout(seconds).run(body);
        } catch (thrown) {
          log.push(thrown instanceof TimeoutError ? 'timeout' : String(thrown));
        }
        await sleep(0.1);
      });
    }

    it('setInterval(), setTimeout() and the like with async functions are not what the task waits for', async () => {
      await within(0.03, async () => {
        const tick = (name: string) => async (): Promise<void> => {
          await sleep(0.06);
          await sleep(0);
          log.push(name);
        };
        setTimeout(() => void tick('timer')(), 5);
        setImmediate(() => void tick('immediate')());
        process.nextTick(() => void tick('tick')());
        const interval = setInterval(() => {
          clearInterval(interval);
          void tick('interval')();
        }, 5);
        await sleep(9);
      });
      expect(log[0]).to.equal('timeout');
      expect(log.slice(1).sort()).to.deep.equal(['immediate', 'interval', 'tick', 'timer']);
    });

    it('setInterval() with an async function that awaits a promise of Node’s first is told apart on Node 20 and 22', async () => {
      await within(0.03, async () => {
        const interval = setInterval(() => {
          clearInterval(interval);
          void (async () => {
            await delay(1);
            await sleep(0.05);
            log.push('interval');
          })().catch(note('cancelled'));
        }, 5);
        await sleep(9);
      });
      const isToldApart = Number.parseInt(process.versions.node) < 24;
      expect(log.sort()).to.deep.equal([isToldApart ? 'interval' : 'cancelled', 'timeout']);
    });

    it('handlers of an http.Server are not what the task waits for, and can use locks and timeouts', async () => {
      const lock = new Lock();
      const answers: string[] = [];
      await within(0.03, async () => {
        const server = createServer((_, response) => {
          void (async () => {
            await lock.run(async () => sleep(0.04));
            response.end(await waitFor(sleep(0.01, 'answered'), 5));
            server.close();
          })();
        }).listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo; // it listens on a port
        get({ port, host: '127.0.0.1', agent: false }, (incoming) => {
          incoming.setEncoding('utf8').on('data', (text: string) => answers.push(text));
        });
        await sleep(9);
      });
      expect([log, answers]).to.deep.equal([['timeout'], ['answered']]);
    });

    it('currentTask() in such a callback is the task that has set it up', async () => {
      await within(1, async () => {
        const seen = await new Promise((resolve) => setTimeout(() => resolve([currentTask()]), 1));
        log.push(String((seen as unknown[])[0] === currentTask()));
        await delay(1);
        log.push(String((seen as unknown[])[0] === currentTask()));
      });
      expect(log).to.deep.equal(['true', 'true']);
    });
  });

  it('Task.cancel() reaches a task in a circle that two wait for', async () => {
    const tasks: Task<unknown>[] = [];
    tasks.push(
      loop.createTask(async () => tasks[1]),
      loop.createTask(async () => {
        await tasks[0];
      }),
      loop.createTask(async () => {
        await tasks[0];
      }),
    );
    await runOnce(loop);
    await runOnce(loop);
    for (const task of tasks) task.cancel();
    await main(() => Promise.allSettled(tasks));
    expect(tasks.map((task) => task.cancelled())).to.deep.equal([true, true, true]);
  });

  it('Task.cancel() reaches the awaits of another realm’s functions after those of ours', async () => {
    const { runInNewContext } = await import('node:vm');
    const foreign = runInNewContext(
      '(async (promise, future) => { await promise; return await future; })',
    ) as (promise: Promise<unknown>, future: Future<string>) => Promise<string>;
    const [task] = await cancelled(1, async () => foreign(immediate(), shared));
    expect([task.cancelled(), shared.cancelled()]).to.deep.equal([true, true]);
  });

  it('Task.cancel() reaches an await within an AsyncResource, which users may enter anywhere', async () => {
    const [task] = await cancelled(1, async () => {
      const resource = new AsyncResource('test');
      await immediate();
      await resource.runInAsyncScope(async () => {
        await shared;
      });
    });
    expect([task.cancelled(), loop.time()]).to.deep.equal([true, 1]);
  });

  it('A task does not wait for the Promise combinators in callbacks of Node that it has set up', async () => {
    let raced: Promise<unknown> | null = null;
    const task = loop.createTask(async () => {
      await new Promise((resolve) => {
        setImmediate(() => {
          raced = Promise.race([shared, loop.createFuture()]);
          resolve(null);
        });
      });
      await sleep(9);
    });
    await runOnce(loop);
    await immediate();
    await immediate();
    task.cancel();
    await main(() => Promise.allSettled([task]));
    shared.setResult('result');
    await runOnce(loop);
    expect(await (raced as Promise<unknown> | null)).to.equal('result');
  });

  it('Combinators and awaits outside of tasks work as ever', async () => {
    const future = loop.createFuture<string>();
    const raced = Promise.race([future, shared]);
    const awaited = (async () => future)();
    future.setResult('result');
    await runOnce(loop);
    expect([await raced, await awaited, await Promise.all([future])]).to.deep.equal([
      'result',
      'result',
      ['result'],
    ]);
  });

  it('Task.cancel() during an await of a foreign promise cancels the task when its function returns', async () => {
    let go!: () => void;
    const nodes = new Promise<void>((resolve) => (go = resolve));
    const task = loop.createTask(async () => {
      await nodes;
      return 'result';
    });
    await runOnce(loop);
    task.cancel('kept');
    go();
    expect((await rejection(loop.runUntilComplete(task))).message).to.equal('kept');
  });
});
