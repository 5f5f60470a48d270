import { runInNewContext } from 'node:vm';
import { inspect } from 'node:util';
import { type BaseEventLoop, LoopStateError, PriorityQueue, Queue } from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { rejection } from '../../rejection.js';
import { jumpingLoop } from '../virtual-loop.js';

describe('core/priority-queue', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop();
  });

  function takeAll<T>(queue: PriorityQueue<T>): T[] {
    const items: T[] = [];
    while (!queue.empty()) items.push(queue.getNowait());
    return items;
  }

  it('PriorityQueue gives the least of numbers, strings, dates and of arrays as of tuples', () => {
    const lists: unknown[][] = [
      [3, 1n, 2, -Infinity],
      ['b', 'a', 'c', ''],
      [new Date(3), new Date(1), runInNewContext('new Date(2)') as Date],
      [
        [2, 'b'],
        [1, 'z'],
        [2, 'a'],
        [1, 'z', 0],
      ],
    ];
    const sorted = lists.map((items) => {
      const queue = new PriorityQueue<unknown>();
      for (const item of items) queue.putNowait(item);
      return takeAll(queue);
    });
    expect(sorted).to.deep.equal([
      [-Infinity, 1n, 2, 3],
      ['', 'a', 'b', 'c'],
      [new Date(1), new Date(2), new Date(3)],
      [
        [1, 'z'],
        [1, 'z', 0],
        [2, 'a'],
        [2, 'b'],
      ],
    ]);
  });

  it('PriorityQueue takes any items with a compare function', () => {
    interface Job {
      readonly name: string;
      readonly urgency: number;
    }
    const queue = new PriorityQueue<Job>(0, { compare: (a, b) => b.urgency - a.urgency });
    for (const [name, urgency] of [
      ['low', 1],
      ['high', 3],
      ['middle', 2],
    ] as const) {
      queue.putNowait({ name, urgency });
    }
    expect(takeAll(queue).map(({ name }) => name)).to.deep.equal(['high', 'middle', 'low']);
    expect(() => new PriorityQueue(0, { compare: 5 as never })).to.throw(
      TypeError,
      'compare must be a function',
    );
  });

  it('PriorityQueue refuses what it cannot compare, and stays as it is', async () => {
    const queue = new PriorityQueue<unknown>();
    for (const item of [5, 3, 4]) queue.putNowait(item);
    for (const odd of ['6', NaN, {}, [1], undefined]) {
      expect(() => queue.putNowait(odd))
        .to.throw(TypeError)
        .with.property('code', 'ERR_NOT_COMPARABLE');
      const error = await rejection(loop.runUntilComplete(async () => queue.put(odd)));
      expect(error.message).to.match(/^Cannot compare .* with .*: pass a compare function$/);
      expect(() => queue.put(odd))
        .to.throw(LoopStateError)
        .with.property('code', 'ERR_NO_RUNNING_LOOP');
    }
    expect([inspect(queue), takeAll(queue)]).to.deep.equal([
      '<PriorityQueue maxsize=0 _queue=[ 3, 5, 4 ] tasks=3>',
      [3, 4, 5],
    ]);
  });

  it('PriorityQueue whose items turn out not to be comparable when one is got loses none', async () => {
    const queue = new PriorityQueue<unknown>();
    for (const item of [[0], [1, 'a'], [1, 5], [2]]) queue.putNowait(item);
    expect(() => queue.getNowait()).to.throw(TypeError, 'Cannot compare');
    const error = await rejection(loop.runUntilComplete(async () => queue.get()));
    expect(error.message).to.include('Cannot compare');
    expect(queue.qsize()).to.equal(4);
    queue.shutdown({ immediate: true }); // compares nothing
    expect([queue.qsize(), queue instanceof Queue]).to.deep.equal([0, true]);
  });

  it('PriorityQueue gives equals in the order of heapq', () => {
    // CPython 3.12: heappush of (priority, name), compared by priority alone, then heappop of all
    const queue = new PriorityQueue<readonly [number, string]>(0, { compare: ([a], [b]) => a - b });
    for (const [at, name] of Array.from('abcdefghij').entries()) queue.putNowait([at % 3, name]);
    expect(
      takeAll(queue)
        .map(([, name]) => name)
        .join(''),
    ).to.equal('agdjebhfci');
  });

  it('PriorityQueue gives the least item at any time', () => {
    const step = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constant('get' as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const queue = new PriorityQueue<number>();
        const model: number[] = [];
        for (const each of steps) {
          if (each !== 'get') {
            queue.putNowait(each);
            model.push(each);
            model.sort((a, b) => a - b);
          } else if (model.length > 0) expect(queue.getNowait()).to.equal(model.shift());
          expect(queue.qsize()).to.equal(model.length);
        }
        expect(takeAll(queue)).to.deep.equal(model);
      }),
    );
  });

  it('PriorityQueue is as it was, wherever its compare function throws', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { maxLength: 30 }),
        fc.nat(10),
        fc.boolean(),
        (items, failsAt, puts) => {
          let left = Infinity;
          const compare = (a: number, b: number): number => {
            if (left-- === 0) throw new RangeError('compare');
            return a - b;
          };
          const queue = new PriorityQueue<number>(0, { compare });
          for (const item of items) queue.putNowait(item);
          const before = inspect(queue, { maxArrayLength: null });
          left = failsAt;
          try {
            if (puts) queue.putNowait(-1);
            else queue.getNowait();
          } catch {
            expect(inspect(queue, { maxArrayLength: null })).to.equal(before);
          }
          left = Infinity;
          const rest = takeAll(queue);
          expect(rest).to.deep.equal([...rest].sort((a, b) => a - b));
        },
      ),
    );
  });

  it('PriorityQueue takes 100,000 items', () => {
    const queue = new PriorityQueue<number>();
    for (let item = 0; item < 100_000; item++) queue.putNowait((item * 7919) % 100_003);
    const items = takeAll(queue);
    expect(items.every((item, at) => at === 0 || item >= items[at - 1]!)).to.equal(true);
  }).slow(2000);
});
