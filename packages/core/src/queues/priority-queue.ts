/* eslint-disable @typescript-eslint/no-non-null-assertion -- heap indices are checked against the size */
import { inspect } from 'node:util';
import { typeError } from '../errors.js';
import { type Compare, naturalOrder } from './natural-order.js';
import { Queue } from './queue.js';
import type { ItemStore } from './item-store.js';

/** Options of a PriorityQueue. */
export interface PriorityQueueOptions<T> {
  /**
   * Compares two items, as for `Array.prototype.sort()`: negative if `a` comes out first. The default is the order of
   * Python's `<` for numbers, bigints, strings, Dates and booleans, and for arrays of these, which are compared like
   * tuples: `[priority, data]`.
   */
  readonly compare?: Compare<T>;
}

/**
 * A queue that gives the smallest item first. Items that cannot be compared are refused with a TypeError when they are
 * first compared, mostly in `put()`, sometimes only in `get()`. Python: asyncio.PriorityQueue.
 */
export class PriorityQueue<T> extends Queue<T> {
  /**
   * The parameters are those of Queue.
   * @throws {TypeError} when `compare` is not a function
   */
  constructor(maxsize = 0, { compare = naturalOrder }: PriorityQueueOptions<T> = {}) {
    if (typeof compare !== 'function') throw typeError(`compare must be a function, got ${inspect(compare)}`);
    super(maxsize, new Heap(compare));
  }
}

/**
 * A binary heap: no item is smaller than its parent. Equal items come out in the order in which Python's heapq gives
 * them. If `compare` throws, nothing has changed, because all comparisons come before the first move.
 */
class Heap<T> implements ItemStore<T> {
  readonly #items: T[] = [];
  readonly #compare: Compare<T>;

  constructor(compare: Compare<T>) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    const items = this.#items;
    let place = items.length;
    while (place > 0 && this.#compare(item, items[parentOf(place)]!) < 0) place = parentOf(place);
    let free = items.length;
    for (; free > place; free = parentOf(free)) items[free] = items[parentOf(free)]!;
    items[free] = item;
  }

  /**
   * Fills the hole at the root with the last item: goes down to a leaf along the smaller children, then up to the
   * item's place.
   */
  pop(): T {
    const items = this.#items;
    const size = items.length - 1;
    let moving = items[size]!;
    let place = this.#leafBelowRoot(size);
    while (place > 0 && this.#compare(moving, items[place]!) < 0) place = parentOf(place);
    items.pop();
    if (size === 0) return moving;
    for (; place > 0; place = parentOf(place)) [items[place], moving] = [moving, items[place]!];
    [items[0], moving] = [moving, items[0]!];
    return moving;
  }

  clear(): void {
    this.#items.length = 0;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items.values();
  }

  #leafBelowRoot(size: number): number {
    const items = this.#items;
    let at = 0;
    for (let left = 1; left < size; left = 2 * at + 1) {
      const right = left + 1;
      at = right < size && this.#compare(items[left]!, items[right]!) >= 0 ? right : left;
    }
    return at;
  }
}

function parentOf(index: number): number {
  return (index - 1) >> 1;
}
