import { inspect } from 'node:util';
import {
  type BaseEventLoop,
  CancelledError,
  type CoroutineGenerator,
  Event,
  type Future,
  LifoQueue,
  PriorityQueue,
  Queue,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  sleep,
  type Task,
  TimeoutError,
  waitFor,
} from '@ringloop/core';
import { expect } from 'chai';
import { jumpingLoop } from '../core/virtual-loop.js';
import { KINDS } from './coroutine-kinds.js';

// Cases of CPython's test_queues.py, those of 3.13 included (PSF License Version 2). The facts are theirs, the text is ours.
// What they see in private fields, these see in what inspect() shows.

for (const { kind, coroutine } of KINDS) {
  describe(`conformance/queues, ${kind}`, () => {
    let loop: BaseEventLoop;

    const start = <T>(body: () => CoroutineGenerator<T>): Task<T> => loop.createTask(coroutine(body));
    const run = <T>(body: () => CoroutineGenerator<T>): Promise<T> => loop.runUntilComplete(coroutine(body));
    const getting = <T>(queue: Queue<T>): Task<T> =>
      start(function* () {
        return yield* queue.get();
      });
    const putting = <T>(queue: Queue<T>, item: T): Task<void> =>
      start(function* () {
        yield* queue.put(item);
      });

    /** How `awaited` ends. */
    function* outcome(awaited: Future<unknown>): CoroutineGenerator<unknown> {
      try {
        return yield* awaited;
      } catch (thrown) {
        return thrown;
      }
    }

    function* getAll<T>(queue: Queue<T>): CoroutineGenerator<T[]> {
      const items: T[] = [];
      while (!queue.empty()) items.push(yield* queue.get());
      return items;
    }

    beforeEach(() => {
      loop = jumpingLoop();
    });

    afterEach(() => {
      loop.setExceptionHandler(() => undefined); // what closing reports is another case's business
      loop.close();
    });

    describe('Queue', () => {
      it('QueueBasicTests.test_repr, test_str: shows what is in it and who waits for it', () =>
        run(function* () {
          const queue = new Queue<number>(1);
          expect(inspect(queue)).to.equal('<Queue maxsize=1>');
          const getter = getting(queue);
          yield* sleep(0);
          expect(inspect(queue)).to.equal('<Queue maxsize=1 _getters[1]>');
          queue.putNowait(0);
          expect(yield* getter).to.equal(0);
          queue.putNowait(1);
          const putter = putting(queue, 2);
          yield* sleep(0);
          expect(inspect(queue)).to.equal('<Queue maxsize=1 _queue=[ 1 ] _putters[1] tasks=2>');
          queue.getNowait();
          yield* putter;
        }));

      it('QueueBasicTests.test_empty: is empty when all was taken out', () =>
        run(function* () {
          const queue = new Queue<number>();
          expect(queue.empty()).to.equal(true);
          yield* queue.put(1);
          expect(queue.empty()).to.equal(false);
          expect([yield* queue.get(), queue.empty()]).to.deep.equal([1, true]);
        }));

      it('QueueBasicTests.test_full: is full with as many as it may have, without a maximum never', () =>
        run(function* () {
          expect(new Queue().full()).to.equal(false);
          const queue = new Queue(1);
          yield* queue.put(1);
          expect(queue.full()).to.equal(true);
        }));

      it('QueueBasicTests.test_order: gives items in the order in which they were put in', () =>
        run(function* () {
          const queue = new Queue<number>();
          for (const item of [1, 3, 2]) yield* queue.put(item);
          expect(yield* getAll(queue)).to.deep.equal([1, 3, 2]);
        }));

      it('QueueBasicTests.test_maxsize: put() waits for room', () =>
        run(function* () {
          const queue = new Queue<number>(2);
          expect(queue.maxsize).to.equal(2);
          const put: number[] = [];
          const task = start(function* () {
            for (const item of [0, 1, 2]) {
              yield* queue.put(item);
              put.push(item);
            }
          });
          yield* sleep(0);
          yield* sleep(0);
          expect(put).to.deep.equal([0, 1]);
          expect(yield* queue.get()).to.equal(0);
          yield* task;
          expect(put).to.deep.equal([0, 1, 2]);
          expect(yield* getAll(queue)).to.deep.equal([1, 2]);
        }));

      it('QueueGetTests.test_blocking_get, QueuePutTests.test_blocking_put: wait for nothing if they need not', () =>
        run(function* () {
          const queue = new Queue<number>();
          yield* queue.put(1);
          expect(yield* queue.get()).to.equal(1);
        }));

      it('QueueGetTests.test_get_with_putters: get() wakes who waits for room', () =>
        run(function* () {
          const queue = new Queue<number>(1);
          yield* queue.put(1);
          const putter = putting(queue, 2);
          yield* sleep(0);
          expect(yield* queue.get()).to.equal(1);
          expect(inspect(queue)).to.equal('<Queue maxsize=1 tasks=1>');
          yield* putter;
          expect(queue.full()).to.equal(true);
        }));

      it('QueueGetTests.test_blocking_get_wait: get() waits for an item', () =>
        run(function* () {
          const queue = new Queue<number>();
          const started = new Event();
          const task = start(function* () {
            started.set();
            return yield* queue.get();
          });
          yield* started.wait();
          expect(task.done()).to.equal(false);
          loop.callLater(0.01, () => queue.putNowait(1));
          expect([yield* task, loop.time()]).to.deep.equal([1, 0.01]);
        }));

      it('QueueGetTests.test_nonblocking_get, QueuePutTests.test_nonblocking_put: neither needs a running loop', () => {
        const queue = new Queue<number>();
        queue.putNowait(1);
        expect(queue.getNowait()).to.equal(1);
      });

      it('QueueGetTests.test_nonblocking_get_exception: getNowait() throws when it is empty', () => {
        expect(() => new Queue().getNowait()).to.throw(QueueEmpty);
      });

      it('QueueGetTests.test_get_cancelled_race: what a cancelled one waited for, the next gets', () =>
        run(function* () {
          const queue = new Queue<string>();
          const [t1, t2] = [getting(queue), getting(queue)];
          yield* sleep(0);
          t1.cancel();
          yield* outcome(t1);
          expect(t1.done()).to.equal(true);
          yield* queue.put('a');
          yield* sleep(0);
          expect(yield* t2).to.equal('a');
        }));

      it('QueueGetTests.test_get_with_waiting_putters: get() takes from those who wait for room, in order', () =>
        run(function* () {
          const queue = new Queue<string>(1);
          putting(queue, 'a');
          putting(queue, 'b');
          expect([yield* queue.get(), yield* queue.get()]).to.deep.equal(['a', 'b']);
        }));

      it('QueueGetTests.test_why_are_getters_waiting: a producer and a consumer in turns come to an end', () =>
        run(function* () {
          const queue = new Queue<number>(1);
          const items: number[] = [];
          const producer = start(function* () {
            for (const item of [0, 1, 2, 3, 4]) yield* queue.put(item);
          });
          const consumer = start(function* () {
            while (items.length < 5) items.push(yield* queue.get());
          });
          yield* producer;
          yield* consumer;
          expect(items).to.deep.equal([0, 1, 2, 3, 4]);
        }));

      it('QueueGetTests.test_cancelled_getters_not_being_held_in_self_getters: one that gave up leaves nothing behind', () =>
        run(function* () {
          const queue = new Queue(5);
          const task = start(function* () {
            yield* waitFor(queue.get(), 0.1);
          });
          expect(yield* outcome(task)).to.be.instanceOf(TimeoutError);
          expect(inspect(queue)).to.equal('<Queue maxsize=5>');
        }));

      it('QueuePutTests.test_blocking_put_wait: put() waits until there is room', () =>
        run(function* () {
          const queue = new Queue<number>(1);
          const started = new Event();
          loop.callLater(0.01, () => queue.getNowait());
          const task = start(function* () {
            started.set();
            yield* queue.put(1);
            yield* queue.put(2);
          });
          yield* started.wait();
          expect(task.done()).to.equal(false);
          yield* task;
          expect([loop.time(), queue.getNowait()]).to.deep.equal([0.01, 2]);
        }));

      it('QueuePutTests.test_get_cancel_drop_one_pending_reader: no item is lost where a woken reader is cancelled', () =>
        run(function* () {
          const queue = new Queue<number>();
          const reader = getting(queue);
          yield* sleep(0);
          queue.putNowait(1);
          queue.putNowait(2);
          reader.cancel();
          const first = yield* outcome(reader);
          expect(first instanceof CancelledError ? yield* queue.get() : first).to.equal(1);
        }));

      it('QueuePutTests.test_get_cancel_drop_many_pending_readers: the other readers get the items', () =>
        run(function* () {
          const queue = new Queue<number>();
          const readers = [getting(queue), getting(queue), getting(queue)] as const;
          yield* sleep(0);
          queue.putNowait(1);
          queue.putNowait(2);
          readers[0].cancel();
          expect(yield* outcome(readers[0])).to.be.instanceOf(CancelledError);
          yield* readers[2];
          expect([readers[1].result(), readers[2].result()].sort()).to.deep.equal([1, 2]);
        }));

      it('QueuePutTests.test_put_cancel_drop: no item is put in twice or lost where a woken writer is cancelled', () =>
        run(function* () {
          const queue = new Queue<number>(1);
          queue.putNowait(1);
          const writer = putting(queue, 2);
          yield* sleep(0);
          expect(queue.getNowait()).to.equal(1);
          writer.cancel();
          if ((yield* outcome(writer)) instanceof CancelledError) yield* queue.put(2);
          expect([queue.getNowait(), queue.qsize()]).to.deep.equal([2, 0]);
        }));

      it('QueuePutTests.test_nonblocking_put_exception: putNowait() throws when it is full', () => {
        const queue = new Queue<number>(1);
        queue.putNowait(1);
        expect(() => queue.putNowait(2)).to.throw(QueueFull);
      });

      it('QueuePutTests.test_float_maxsize: a maximum that is no integer is rounded up', () =>
        run(function* () {
          for (const put of ['put', 'putNowait'] as const) {
            const queue = new Queue<number>(1.3);
            for (const item of [1, 2]) {
              if (put === 'put') yield* queue.put(item);
              else queue.putNowait(item);
            }
            expect(queue.full()).to.equal(true);
            expect(() => queue.putNowait(3)).to.throw(QueueFull);
          }
        }));

      it('QueuePutTests.test_put_cancelled: put() of a task is done when the item is got', () =>
        run(function* () {
          const queue = new Queue<number>();
          const task = putting(queue, 1);
          expect(yield* queue.get()).to.equal(1);
          expect(task.done()).to.equal(true);
        }));

      it('QueuePutTests.test_put_cancelled_race: a cancelled one does not stand in the way of others', () =>
        run(function* () {
          const queue = new Queue<string>(1);
          const [a, b, c] = [putting(queue, 'a'), putting(queue, 'b'), putting(queue, 'X')];
          yield* sleep(0);
          yield* a;
          expect(b.done()).to.equal(false);
          c.cancel();
          yield* outcome(c);
          expect(queue.getNowait()).to.equal('a');
          yield* sleep(0);
          expect(queue.getNowait()).to.equal('b');
          yield* b;
        }));

      it('QueuePutTests.test_put_with_waiting_getters: put() wakes who waits for an item', () =>
        run(function* () {
          const queue = new Queue<string>();
          const task = getting(queue);
          yield* sleep(0);
          yield* queue.put('a');
          expect(yield* task).to.equal('a');
        }));

      it('QueuePutTests.test_why_are_putters_waiting: all that wait for room get in when all is taken out', () =>
        run(function* () {
          const queue = new Queue<number>(2);
          const tasks = [
            start(function* () {
              yield* sleep(0);
              for (let left = queue.qsize(); left > 0; left--) queue.getNowait();
            }),
            ...[0, 1, 2, 3].map((item) => putting(queue, item)),
          ];
          for (const task of tasks) yield* task;
          expect(yield* getAll(queue)).to.deep.equal([2, 3]);
        }));

      it('QueuePutTests.test_cancelled_puts_not_being_held_in_self_putters: one that gave up leaves nothing behind', () =>
        run(function* () {
          const queue = new Queue<number>(1);
          queue.putNowait(1);
          const task = putting(queue, 2);
          yield* sleep(0);
          expect(inspect(queue)).to.include('_putters[1]');
          task.cancel();
          expect(yield* outcome(task)).to.be.instanceOf(CancelledError);
          expect(inspect(queue)).to.equal('<Queue maxsize=1 _queue=[ 1 ] tasks=1>');
        }));

      it('QueuePutTests.test_cancelled_put_silence_value_error_exception: one that was woken can be cancelled', () =>
        run(function* () {
          const queue = new Queue<number>(1);
          queue.putNowait(1);
          const task = putting(queue, 2);
          yield* sleep(0);
          queue.getNowait();
          task.cancel();
          expect(yield* outcome(task)).to.be.instanceOf(CancelledError);
        }));
    });

    it('LifoQueueTests.test_order: LifoQueue gives what was put in last', () =>
      run(function* () {
        const queue = new LifoQueue<number>();
        for (const item of [1, 3, 2]) yield* queue.put(item);
        expect(yield* getAll(queue)).to.deep.equal([2, 3, 1]);
      }));

    it('PriorityQueueTests.test_order: PriorityQueue gives the least item', () =>
      run(function* () {
        const queue = new PriorityQueue<number>();
        for (const item of [1, 3, 2]) yield* queue.put(item);
        expect(yield* getAll(queue)).to.deep.equal([1, 2, 3]);
      }));

    for (const AnyQueue of [Queue, LifoQueue, PriorityQueue]) {
      const { name } = AnyQueue;

      describe(`${name}.join()`, () => {
        it(`${name}JoinTests.test_task_done_underflow: taskDone() is not called more often than there were items`, () => {
          expect(() => new AnyQueue().taskDone()).to.throw(RangeError, 'taskDone() called too many times');
        });

        it(`${name}JoinTests.test_task_done: waits until all items are done`, () =>
          run(function* () {
            const queue = new AnyQueue<number>();
            for (let item = 0; item < 100; item++) queue.putNowait(item);
            let sum = 0;
            let running = true;
            const worker = function* (): CoroutineGenerator<void> {
              while (running) {
                const item = yield* queue.get();
                sum += item;
                queue.taskDone();
              }
            };
            const workers = [start(worker), start(worker)];
            yield* queue.join();
            expect(sum).to.equal(4950);
            running = false;
            workers.forEach(() => queue.putNowait(0));
            for (const each of workers) yield* each;
          }));

        it(`${name}JoinTests.test_join_empty_queue: does not wait when nothing was put in`, () =>
          run(function* () {
            const queue = new AnyQueue();
            yield* queue.join();
            yield* queue.join();
          }));

        it(`${name}JoinTests.test_format: inspect() shows how many items are not done`, () => {
          const queue = new AnyQueue<number>();
          expect(inspect(queue)).to.equal(`<${name} maxsize=0>`);
          queue.putNowait(1);
          queue.putNowait(2);
          queue.getNowait();
          queue.getNowait();
          expect(inspect(queue)).to.equal(`<${name} maxsize=0 tasks=2>`);
        });
      });

      describe(`${name}.shutdown()`, () => {
        /** Neither put nor get is possible any more. */
        function* expectShutDown(queue: Queue<string>): CoroutineGenerator<void> {
          expect(() => queue.putNowait('data')).to.throw(QueueShutDown);
          expect(() => queue.getNowait()).to.throw(QueueShutDown);
          for (const task of [putting(queue, 'data'), getting(queue)]) {
            expect(yield* outcome(task)).to.be.instanceOf(QueueShutDown);
          }
        }

        const joining = (queue: Queue<string>): Task<void> =>
          start(function* () {
            yield* queue.join();
          });

        it(`${name}ShutdownTests.test_format: inspect() shows that it was shut down`, () => {
          const queue = new AnyQueue();
          queue.shutdown();
          expect(inspect(queue)).to.equal(`<${name} maxsize=0 shutdown>`);
        });

        it(`${name}ShutdownTests.test_shutdown_empty: whoever waits for an item throws`, () =>
          run(function* () {
            const queue = new AnyQueue<string>();
            const getter = getting(queue);
            yield* sleep(0);
            queue.shutdown({ immediate: false });
            expect(queue.qsize()).to.equal(0);
            yield* queue.join();
            expect(yield* outcome(getter)).to.be.instanceOf(QueueShutDown);
            yield* expectShutDown(queue);
          }));

        it(`${name}ShutdownTests.test_shutdown_nonempty: gives what it has, whoever waits for room throws`, () =>
          run(function* () {
            const queue = new AnyQueue<string>(1);
            queue.putNowait('data');
            const joiner = joining(queue);
            const putter = putting(queue, 'data2');
            yield* sleep(0);
            expect(putter.done()).to.equal(false);
            queue.shutdown();
            expect(queue.qsize()).to.equal(1);
            expect(yield* outcome(putter)).to.be.instanceOf(QueueShutDown);
            expect(yield* queue.get()).to.equal('data');
            yield* sleep(0);
            expect(joiner.done()).to.equal(false);
            yield* expectShutDown(queue);
            queue.taskDone();
            yield* joiner;
            expect(() => queue.taskDone()).to.throw(RangeError);
          }));

        it(`${name}ShutdownTests.test_shutdown_immediate: drops what it has at once if it is told so`, () =>
          run(function* () {
            const queue = new AnyQueue<string>();
            queue.putNowait('data');
            const joiner = joining(queue);
            yield* sleep(0);
            queue.shutdown({ immediate: true });
            expect(queue.qsize()).to.equal(0);
            yield* joiner;
            yield* expectShutDown(queue);
            expect(() => queue.taskDone()).to.throw(RangeError);
          }));

        it(`${name}ShutdownTests.test_shutdown_immediate_with_unfinished: items that were got still must be done`, () =>
          run(function* () {
            const queue = new AnyQueue<string>();
            queue.putNowait('data');
            queue.putNowait('data');
            const joiner = joining(queue);
            expect(yield* queue.get()).to.equal('data');
            queue.shutdown({ immediate: true });
            expect(queue.qsize()).to.equal(0);
            yield* sleep(0);
            expect(joiner.done()).to.equal(false);
            yield* expectShutDown(queue);
            queue.taskDone();
            expect(() => queue.taskDone()).to.throw(RangeError);
            yield* joiner;
          }));
      });
    }
  });
}
