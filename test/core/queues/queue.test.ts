import { inspect } from 'node:util';
import {
  type BaseEventLoop,
  CancelledError,
  type CoroutineGenerator,
  type ItemStore,
  LifoQueue,
  LoopStateError,
  PriorityQueue,
  Queue,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  sleep,
  VirtualHost,
} from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { CountingHost } from '../counting-host.js';
import { rejection } from '../../rejection.js';
import { jumpingLoop, runOnce } from '../virtual-loop.js';

describe('core/queue', () => {
  let loop: BaseEventLoop;
  let log: unknown[];

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  const getting = (queue: Queue<unknown>) =>
    function* (): CoroutineGenerator<void> {
      log.push(yield* queue.get());
    };
  const putting = <T>(queue: Queue<T>, item: T) =>
    function* (): CoroutineGenerator<void> {
      yield* queue.put(item);
      log.push(`put ${String(item)}`);
    };

  it('Queue.put() and get() that need not wait need no loop, and the loop needs no turn for them', async () => {
    const queue = new Queue<number>();
    await queue.put(1);
    expect(await queue.get()).to.equal(1);
    queue.taskDone();
    await queue.join();
    const host = new CountingHost(new VirtualHost({ autojump: true }));
    loop = jumpingLoop({ host });
    await loop.runUntilComplete(async () => {
      const before = host.turns;
      for (let item = 0; item < 1000; item++) {
        await queue.put(item);
        expect(await queue.get()).to.equal(item);
      }
      log.push(host.turns - before);
    });
    await loop.runUntilComplete(function* () {
      const before = host.turns;
      for (let item = 0; item < 1000; item++) {
        yield* queue.put(item);
        expect(yield* queue.get()).to.equal(item);
      }
      log.push(host.turns - before);
    });
    expect(log).to.deep.equal([0, 0]);
  });

  it('Queue.put(), get() and join() that must wait need a running loop, and always the same one', async () => {
    const queue = new Queue<number>(1);
    const waits = [() => queue.put(2), () => queue.join(), () => queue.get()];
    for (const [at, wait] of waits.entries()) {
      if (at === 0) queue.putNowait(1);
      if (at === 2) queue.getNowait();
      expect(wait).to.throw(LoopStateError).with.property('code', 'ERR_NO_RUNNING_LOOP');
    }
    loop.createTask(async () => queue.get());
    await runOnce(loop);
    const error = await rejection(jumpingLoop().runUntilComplete(async () => queue.get()));
    expect(error).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_OTHER_LOOP');
    expect(error.message).to.equal(
      '<Queue maxsize=1 _getters[1] tasks=1> is bound to a different event loop',
    );
  });

  it('Queue gives promises and thenables to generator coroutines as they were put in', async () => {
    const queue = new Queue<PromiseLike<string>>();
    const item = Promise.resolve('settled');
    queue.putNowait(item);
    queue.putNowait(item);
    const got = await loop.runUntilComplete(function* () {
      return [yield* queue.get()];
    });
    expect(got[0]).to.equal(item);
    expect(await queue.get()).to.equal('settled'); // no await gives a promise
  });

  it('Queue takes undefined and null for items', async () => {
    const queue = new Queue<null | undefined>();
    queue.putNowait(undefined);
    queue.putNowait(null);
    expect([await queue.get(), queue.getNowait(), queue.qsize()]).to.deep.equal([undefined, null, 0]);
  });

  it('Queue.putNowait() and getNowait() say why they refuse', () => {
    const queue = new Queue<number>(1);
    expect(() => queue.getNowait())
      .to.throw(QueueEmpty, 'Cannot get: the queue is empty')
      .with.property('code', 'ERR_QUEUE_EMPTY');
    queue.putNowait(1);
    expect(() => queue.putNowait(2))
      .to.throw(QueueFull, 'Cannot put: the queue is full with 1 items')
      .with.property('code', 'ERR_QUEUE_FULL');
    queue.shutdown();
    expect(() => queue.putNowait(2))
      .to.throw(QueueShutDown, 'Cannot put: the queue was shut down')
      .with.property('code', 'ERR_QUEUE_SHUT_DOWN');
    queue.getNowait();
    expect(() => queue.getNowait()).to.throw(QueueShutDown, 'Cannot get: the queue was shut down');
  });

  it('Queue wakes one getter for each item and one putter for each place, in the order of coming', async () => {
    const queue = new Queue<string>(1);
    await loop.runUntilComplete(function* () {
      loop.createTask(getting(queue));
      loop.createTask(getting(queue));
      yield;
      queue.putNowait('x');
      yield;
      expect([log, queue.qsize()]).to.deep.equal([['x'], 0]);
      for (const item of ['y', 'z', '!']) loop.createTask(putting(queue, item));
      yield* sleep(1);
      expect(log).to.deep.equal(['x', 'put y', 'y', 'put z']);
      expect(queue.getNowait()).to.equal('z');
      yield;
      expect(log.pop()).to.equal('put !');
    });
  });

  it('Queue.get() that was woken too late for an item waits again', async () => {
    const queue = new Queue<number>();
    await loop.runUntilComplete(function* () {
      loop.createTask(getting(queue));
      yield;
      queue.putNowait(1);
      expect(queue.getNowait()).to.equal(1); // before the one who was woken goes on
      yield* sleep(1);
      expect([log, inspect(queue)]).to.deep.equal([[], '<Queue maxsize=0 _getters[1] tasks=1>']);
      queue.putNowait(2);
      yield;
      expect(log).to.deep.equal([2]);
    });
  });

  for (const [title, at] of [
    ['before it starts', 0],
    ['while it waits', 1],
    ['in the iteration in which it is woken', 2],
  ] as const) {
    it(`Queue.get() whose task is cancelled ${title}, once or twice, loses no item`, async () => {
      for (const times of [1, 2]) {
        const queue = new Queue<string>();
        log = [];
        for (const main of [getting(queue), async () => void log.push(await queue.get())]) {
          const a = loop.createTask<void>(main);
          const b = loop.createTask(getting(queue));
          const cancel = (when: number): void => {
            for (let left = when === at ? times : 0; left > 0; left--) a.cancel();
          };
          cancel(0);
          await runOnce(loop);
          cancel(1);
          queue.putNowait('item');
          cancel(2);
          expect(await rejection(loop.runUntilComplete(a))).to.be.instanceOf(CancelledError);
          await loop.runUntilComplete(b);
          expect([log.splice(0), inspect(queue)]).to.deep.equal([['item'], '<Queue maxsize=0 tasks=1>']);
          queue.taskDone();
        }
      }
    });

    it(`Queue.put() whose task is cancelled ${title}, once or twice, keeps no place`, async () => {
      for (const times of [1, 2]) {
        const queue = new Queue<string>(1);
        for (const main of [putting(queue, 'a'), async () => queue.put('a')]) {
          log = [];
          queue.putNowait('first');
          const a = loop.createTask<void>(main);
          const b = loop.createTask(putting(queue, 'b'));
          const cancel = (when: number): void => {
            for (let left = when === at ? times : 0; left > 0; left--) a.cancel();
          };
          cancel(0);
          await runOnce(loop);
          cancel(1);
          queue.getNowait();
          cancel(2);
          expect(await rejection(loop.runUntilComplete(a))).to.be.instanceOf(CancelledError);
          await loop.runUntilComplete(b);
          expect([log, queue.getNowait(), queue.qsize()]).to.deep.equal([['put b'], 'b', 0]);
        }
      }
    });
  }

  it('Queue.get() that is cancelled as it is woken wakes nobody where the item is gone already', async () => {
    const queue = new Queue<number>();
    await loop.runUntilComplete(function* () {
      const [a, b] = [loop.createTask(getting(queue)), loop.createTask(getting(queue))];
      yield;
      queue.putNowait(1);
      a.cancel();
      queue.getNowait();
      yield* sleep(1);
      expect([a.cancelled(), b.done(), inspect(queue)]).to.deep.equal([
        true,
        false,
        '<Queue maxsize=0 _getters[1] tasks=1>',
      ]);
      b.cancel();
    });
  });

  it('Queue.join() waits until all items are done, for each of several callers', async () => {
    const queue = new Queue<number>();
    const joining = async (): Promise<void> => {
      await queue.join();
      log.push(loop.time());
    };
    await loop.runUntilComplete(async () => {
      queue.putNowait(1);
      queue.putNowait(2);
      const joins = [joining(), joining()];
      const worker = loop.createTask(async () => {
        for (;;) {
          await queue.get();
          await sleep(1);
          queue.taskDone();
        }
      });
      await Promise.all(joins);
      await joining();
      worker.cancel();
    });
    expect(log).to.deep.equal([2, 2, 2]);
  });

  it('Queue.join() can be cancelled', async () => {
    const queue = new Queue<number>();
    queue.putNowait(1);
    const task = loop.createTask(async () => queue.join());
    await runOnce(loop);
    task.cancel();
    expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
  });

  it('Queue.taskDone() may come before the item is got, but not more often than items', () => {
    const queue = new Queue<number>();
    queue.putNowait(1);
    queue.putNowait(2);
    queue.taskDone();
    queue.taskDone();
    expect(() => queue.taskDone())
      .to.throw(RangeError, 'taskDone() called too many times')
      .with.property('code', 'ERR_OUT_OF_RANGE');
    queue.shutdown({ immediate: true });
    expect(inspect(queue)).to.equal('<Queue maxsize=0 shutdown>');
  });

  it('Queue.shutdown() lets all go who wait, and can be repeated', async () => {
    const empty = new Queue<number>();
    const full = new Queue<number>(1);
    full.putNowait(1);
    const waits = [
      ...[1, 2].map(() => loop.createTask(getting(empty))),
      ...[1, 2].map((item) => loop.createTask(putting(full, item))),
    ];
    await runOnce(loop);
    expect([inspect(empty), inspect(full)]).to.deep.equal([
      '<Queue maxsize=0 _getters[2]>',
      '<Queue maxsize=1 _queue=[ 1 ] _putters[2] tasks=1>',
    ]);
    for (const queue of [empty, full, empty, full]) queue.shutdown();
    for (const task of waits) {
      expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(QueueShutDown);
    }
    expect(inspect(full)).to.equal('<Queue maxsize=1 _queue=[ 1 ] tasks=1 shutdown>');
    full.shutdown({ immediate: true });
    expect(inspect(full)).to.equal('<Queue maxsize=1 shutdown>');
    const late = await rejection(loop.runUntilComplete(async () => full.put(3)));
    expect(late).to.be.instanceOf(QueueShutDown);
  });

  it('Queue.shutdown() leaves the items to the getters that were woken before', async () => {
    const queue = new Queue<number>();
    const [a, b] = [loop.createTask(getting(queue)), loop.createTask(getting(queue))];
    await runOnce(loop);
    queue.putNowait(1);
    queue.shutdown();
    await loop.runUntilComplete(a);
    expect(log).to.deep.equal([1]);
    expect(await rejection(loop.runUntilComplete(b))).to.be.instanceOf(QueueShutDown);
  });

  it('Queue without a maximum is never full', () => {
    for (const maxsize of [0, -1, -Infinity, Infinity]) {
      const queue = new Queue<number>(maxsize);
      for (let item = 0; item < 1000; item++) queue.putNowait(item);
      expect([queue.full(), queue.maxsize]).to.deep.equal([false, maxsize]);
    }
  });

  it('Queue refuses a maximum that is no number', () => {
    for (const AnyQueue of [Queue, LifoQueue, PriorityQueue]) {
      for (const maxsize of ['5', null, NaN, {}]) {
        expect(() => new AnyQueue(maxsize as never)).to.throw(TypeError, 'maxsize must be a number, got ');
      }
    }
  });

  it('Queue that is shown shows no more than was asked for, also where it contains itself', () => {
    const queue = new Queue<unknown>();
    queue.putNowait(queue);
    queue.putNowait('item');
    expect(inspect(queue, { depth: 0 })).to.equal("<Queue maxsize=0 _queue=[ [Queue], 'item' ] tasks=2>");
    expect(inspect(queue, { depth: null })).to.include('[Queue]');
    expect(inspect([[[queue]]])).to.equal('[ [ [ [Queue] ] ] ]');
    class JobQueue extends Queue<number> {}
    expect(inspect(new JobQueue(3))).to.equal('<JobQueue maxsize=3>');
  });

  it('Queue of a subclass keeps its items in what it likes', async () => {
    /** Gives every item once. */
    class Distinct<T> implements ItemStore<T> {
      readonly #items = new Set<T>();
      get size(): number {
        return this.#items.size;
      }
      push(item: T): void {
        this.#items.add(item);
      }
      pop(): T {
        const [item] = this.#items as Iterable<unknown> as [T];
        this.#items.delete(item);
        return item;
      }
      clear(): void {
        this.#items.clear();
      }
      [Symbol.iterator](): Iterator<T> {
        return this.#items.values();
      }
    }
    class DistinctQueue<T> extends Queue<T> {
      constructor(maxsize = 0) {
        super(maxsize, new Distinct<T>());
      }
    }
    const queue = new DistinctQueue<string>(2);
    for (const item of ['a', 'b']) queue.putNowait(item);
    expect([inspect(queue), await queue.get(), queue.qsize()]).to.deep.equal([
      "<DistinctQueue maxsize=2 _queue=[ 'a', 'b' ] tasks=2>",
      'a',
      1,
    ]);
  });

  it('Queue hands 10,000 items to 10,000 who wait, and takes 10,000 from those who wait', async () => {
    const items = Array.from({ length: 10_000 }, (_, item) => item);
    const queue = new Queue<number>(1);
    await loop.runUntilComplete(function* () {
      const getters = items.map(() => loop.createTask(getting(queue)));
      yield;
      const putters = items.map((item) =>
        loop.createTask(function* () {
          yield* queue.put(item);
        }),
      );
      for (const task of [...getters, ...putters]) yield* task;
    });
    expect([log, inspect(queue)]).to.deep.equal([items, '<Queue maxsize=1 tasks=10000>']);
  }).slow(3000);

  it('Queue loses and doubles nothing, and keeps to its maximum, whoever is cancelled', async () => {
    const worker = fc.record({
      does: fc.constantFrom('get' as const, 'put' as const),
      at: fc.nat(3),
      cancelledAt: fc.option(fc.nat(4), { nil: null }),
      isAsync: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.array(worker, { maxLength: 20 }), async (maxsize, workers) => {
        loop = jumpingLoop();
        const queue = new Queue<number>(maxsize);
        const put = new Set<number>();
        const got: number[] = [];
        await loop.runUntilComplete(async () => {
          const tasks = workers.map(({ does, at, cancelledAt, isAsync }, item) => {
            const steps = function* (): CoroutineGenerator<void> {
              yield* sleep(at);
              if (does === 'get') {
                const gotten = yield* queue.get();
                got.push(gotten);
              } else {
                yield* queue.put(item);
                put.add(item);
              }
              expect(maxsize === 0 || queue.qsize() <= maxsize).to.equal(true);
            };
            const task = loop.createTask<void>(
              isAsync
                ? async () => {
                    await sleep(at);
                    if (does === 'get') got.push(await queue.get());
                    else {
                      await queue.put(item);
                      put.add(item);
                    }
                  }
                : steps,
            );
            if (cancelledAt !== null) loop.callLater(cancelledAt, () => task.cancel());
            return task;
          });
          await sleep(10);
          for (const task of tasks) if (task.done() && !task.cancelled()) task.result();
          const left: number[] = [];
          while (!queue.empty()) left.push(queue.getNowait());
          await sleep(1); // those who waited for room
          while (!queue.empty()) left.push(queue.getNowait());
          if (maxsize > 0) expect(left.length).to.be.at.most(workers.length);
          tasks.forEach((task) => task.cancel());
          await Promise.allSettled(tasks);
          while (!queue.empty()) left.push(queue.getNowait());
          const all = [...got, ...left].sort((a, b) => a - b);
          expect(new Set(all).size).to.equal(all.length);
          expect([...put].every((item) => all.includes(item))).to.equal(true);
          expect(inspect(queue)).to.not.include('_getters').and.not.include('_putters');
        });
      }),
    );
  }).slow(3000);
});
