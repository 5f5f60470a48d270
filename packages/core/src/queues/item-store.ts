/** Keeps the items of a queue and decides which comes first. It is iterated to show the queue. */
export interface ItemStore<T> extends Iterable<T> {
  readonly size: number;
  /** Adds an item. If it throws, it must have changed nothing. */
  push(item: T): void;
  /** Called only while it is not empty. */
  pop(): T;
  /** Drops all items. */
  clear(): void;
}
