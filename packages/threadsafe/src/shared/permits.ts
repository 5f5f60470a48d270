/**
 * What a lock and semaphores give out, in shared words. Any thread may take and give back, each by one compare-and-swap: so a
 * thread that ends in between has either done it or not.
 */
import { cas, load } from '#atomics';

/** Something of which there is a limited number. */
export interface Permits {
  /** Whether there is one now. */
  areLeft(): boolean;
  /** Takes one. 'abandoned': it is taken, but was never given back by the thread that had it before, which has ended. */
  tryTake(producer: number): 'taken' | 'none' | 'abandoned';
  /** Gives one back. False: none is out. */
  giveBack(producer: number): boolean;
  /** A thread has ended: what becomes of those it had. */
  reclaim(producer: number): void;
}

const FREE = 0;

/**
 * One permit, and who has it: FREE, the thread (id + 1), or minus that once the thread has ended with it. As with POSIX's robust
 * mutexes the next one is told (EOWNERDEAD).
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

/** The most that a counter counts. */
export const MOST_COUNTED = 2 ** 31 - 1;

/** Permits that nobody owns: a number. What a thread had when it ended is gone, as with POSIX's semaphores. */
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
    // Nobody knows how many it had.
  }
}

/**
 * Permits that threads own: a word for each, FREE or the thread that took it. What a thread had when it ended is free again, as
 * with SEM_UNDO of System V. Who gives one back that it did not take gives back another's.
 */
export class PermitCells implements Permits {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #count: number;
  /** Cells that this object took, and where to look first. Others may have given them back. */
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
