import { Queue } from './queue.js';
import type { ItemStore } from './item-store.js';

/** A queue that gives the item that was put in last. Python: asyncio.LifoQueue. */
export class LifoQueue<T> extends Queue<T> {
  /** The parameters are those of Queue. */
  constructor(maxsize = 0) {
    super(maxsize, new Stack<T>());
  }
}

class Stack<T> implements ItemStore<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  pop(): T {
    return this.#items.pop() as T; // pop() is called only while it is not empty
  }

  clear(): void {
    this.#items.length = 0;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items.values();
  }
}
