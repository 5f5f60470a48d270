import type { ItemStore } from './item-store.js';

/** Items are moved to the front only if at least this many places are free there; arbitrary. */
const MIN_FREE = 64;

/** Items that come out in the order in which they went in. Every operation takes constant time on average. */
export class Fifo<T> implements ItemStore<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  pop(): T {
    const item = this.#items[this.#head] as T; // called only while not empty, and all slots from #head on hold items
    this.#items[this.#head++] = undefined; // do not keep the item alive
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= MIN_FREE && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head); // moves fewer items than were taken since the last time
      this.#head = 0;
    }
    return item;
  }

  /** The item that `pop()` would return; undefined while empty. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  clear(): void {
    this.#items.length = 0;
    this.#head = 0;
  }

  [Symbol.iterator](): Iterator<T> {
    return (this.#items.slice(this.#head) as T[]).values();
  }
}
