import { SLOT } from './loop-internals.js';

/** An object that a TaskRegistry can keep. Only the registry uses the slot. */
export interface Registered {
  [SLOT]: number;
}

/**
 * The tasks of a loop that are not done. An array, in which each task knows its slot. Not a Set: one that tasks enter
 * and leave all the time leaves old tables behind, and V8's young generation keeps alive what they hold (half of the
 * time went into collecting that).
 */
export class TaskRegistry<T extends Registered> implements Iterable<T> {
  readonly #tasks: T[] = [];

  get size(): number {
    return this.#tasks.length;
  }

  add(task: T): void {
    task[SLOT] = this.#tasks.length;
    this.#tasks.push(task);
  }

  /** Does nothing if the task is not in the registry. */
  delete(task: T): void {
    const slot = task[SLOT];
    if (this.#tasks[slot] !== task) return;
    const last = this.#tasks.pop();
    if (last === undefined || last === task) return;
    this.#tasks[slot] = last;
    last[SLOT] = slot;
  }

  [Symbol.iterator](): Iterator<T> {
    return [...this.#tasks][Symbol.iterator]();
  }
}
