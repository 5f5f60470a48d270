/**
 * The permits of a lock or semaphore, in shared words. Any thread may take one or give one back, each by one
 * compare-and-swap. So a thread that ends meanwhile has either done it or not.
 */
import { cas, load } from '#atomics';

/** A limited number of permits. */
export interface Permits {
  /** Whether a permit is left now. */
  areLeft(): boolean;
  /** Takes one. 'abandoned': it is taken, but the thread that had it before has ended without giving it back. */
  tryTake(producer: number): 'taken' | 'none' | 'abandoned';
  /** Gives one back. False: no permit is taken. */
  giveBack(producer: number): boolean;
  /** Decides what becomes of the permits of a thread that has ended. */
  reclaim(producer: number): void;
}

const FREE = 0;

/**
 * One permit and its holder: FREE, the thread (id + 1), or the negative of that once the thread has ended without
 * giving it back. The next holder learns of that, as with POSIX's robust mutexes (EOWNERDEAD).
 */
export class HolderWord implements Permits {
  readonly #words: Int32Array;
  readonly #at: number;

  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  areLeft(): boolean {
    return load(this.#words, this.#at) <= FREE;
  }

  tryTake(producer: number): 'taken' | 'none' | 'abandoned' {
    const holder = load(this.#words, this.#at);
    if (holder > FREE || cas(this.#words, this.#at, holder, producer) !== holder) return 'none';
    return holder === FREE ? 'taken' : 'abandoned';
  }

  giveBack(): boolean {
    while (true) {
      const holder = load(this.#words, this.#at);
      if (holder <= FREE) return false;
      if (cas(this.#words, this.#at, holder, FREE) === holder) return true;
    }
  }

  reclaim(producer: number): void {
    cas(this.#words, this.#at, producer, -producer);
  }
}

/** The largest value of a counter. */
export const MOST_COUNTED = 2 ** 31 - 1;

/** A number of permits without owners. The permits of a thread that has ended are lost, as with POSIX's semaphores. */
export class PermitCounter implements Permits {
  readonly #words: Int32Array;
  readonly #at: number;

  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  /** How many are left. */
  get value(): number {
    return load(this.#words, this.#at);
  }

  areLeft(): boolean {
    return load(this.#words, this.#at) > 0;
  }

  tryTake(): 'taken' | 'none' {
    while (true) {
      const value = load(this.#words, this.#at);
      if (value === 0) return 'none';
      if (cas(this.#words, this.#at, value, value - 1) === value) return 'taken';
    }
  }

  giveBack(): boolean {
    while (true) {
      const value = load(this.#words, this.#at);
      if (value === MOST_COUNTED) return false;
      if (cas(this.#words, this.#at, value, value + 1) === value) return true;
    }
  }

  reclaim(): void {
    // Nothing records how many the thread had.
  }
}

/**
 * Permits with owners: one word for each, FREE or the thread that took it. The permits of a thread that has ended
 * become free again, as with SEM_UNDO of System V. A thread that gives back a permit that it did not take gives back
 * another thread's.
 */
export class PermitCells implements Permits {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #count: number;
  /** Cells that this object took; giveBack() tries them first. Other threads may have given them back. */
  readonly #taken: number[] = [];

  constructor(words: Int32Array, at: number, count: number) {
    this.#words = words;
    this.#at = at;
    this.#count = count;
  }

  /** How many are left. */
  get value(): number {
    let left = 0;
    for (let cell = 0; cell < this.#count; cell++) if (load(this.#words, this.#at + cell) === FREE) left++;
    return left;
  }

  areLeft(): boolean {
    for (let cell = 0; cell < this.#count; cell++) {
      if (load(this.#words, this.#at + cell) === FREE) return true;
    }
    return false;
  }

  tryTake(producer: number): 'taken' | 'none' {
    for (let cell = 0; cell < this.#count; cell++) {
      if (load(this.#words, this.#at + cell) !== FREE) continue;
      if (cas(this.#words, this.#at + cell, FREE, producer) !== FREE) continue;
      if (this.#taken.length < this.#count) this.#taken.push(cell);
      return 'taken';
    }
    return 'none';
  }

  giveBack(producer: number): boolean {
    const likely = this.#taken.pop();
    if (likely !== undefined && cas(this.#words, this.#at + likely, producer, FREE) === producer) return true;
    return this.#giveBackAny((owner) => owner === producer) || this.#giveBackAny((owner) => owner !== FREE);
  }

  reclaim(producer: number): void {
    for (let cell = 0; cell < this.#count; cell++) cas(this.#words, this.#at + cell, producer, FREE);
  }

  #giveBackAny(isRight: (owner: number) => boolean): boolean {
    for (let cell = 0; cell < this.#count; cell++) {
      const owner = load(this.#words, this.#at + cell);
      if (isRight(owner) && cas(this.#words, this.#at + cell, owner, FREE) === owner) return true;
    }
    return false;
  }
}
