/** A call that is not answered yet. */
export interface Numbered {
  /** The caller's number for it: 32 bits, not 0. */
  readonly callId: number;
}

const SMALLEST = 64;
/** A larger array is given back when it is empty. Arbitrary. */
const LARGEST_TO_KEEP = 4096;

/**
 * Calls by number. Numbers are handed out in order and come back soon, so their last bits are places in an array; the few that
 * meet there are kept in a Map. (All in a Map, the tables that it leaves behind cost a tenth of a call: see task-registry.ts.)
 */
export class CallTable<T extends Numbered> implements Iterable<T> {
  #places: (T | null)[] = new Array<T | null>(SMALLEST).fill(null);
  readonly #others = new Map<number, T>();
  #placed = 0;

  get size(): number {
    return this.#placed + this.#others.size;
  }

  get(callId: number): T | undefined {
    const placed = this.#places[callId & (this.#places.length - 1)];
    return placed?.callId === callId ? placed : this.#others.get(callId);
  }

  /** Adds one whose number is not there. */
  add(item: T): void {
    if (this.#placed * 2 >= this.#places.length) this.#grow();
    this.#put(item);
  }

  /** False: it was not there. */
  delete(callId: number): boolean {
    const at = callId & (this.#places.length - 1);
    if (this.#places[at]?.callId !== callId) return this.#others.delete(callId);
    this.#places[at] = null;
    if (--this.#placed === 0 && this.#places.length > LARGEST_TO_KEEP) this.#empty(SMALLEST);
    return true;
  }

  clear(): void {
    this.#empty(SMALLEST);
    this.#others.clear();
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (const item of this.#places) if (item !== null) yield item;
    yield* this.#others.values();
  }

  #empty(places: number): void {
    this.#places = new Array<T | null>(places).fill(null);
    this.#placed = 0;
  }

  #put(item: T): void {
    const at = item.callId & (this.#places.length - 1);
    if (this.#places[at] !== null) this.#others.set(item.callId, item);
    else {
      this.#places[at] = item;
      this.#placed++;
    }
  }

  #grow(): void {
    const before = [...this];
    this.#empty(this.#places.length * 2);
    this.#others.clear();
    for (const item of before) this.#put(item);
  }
}
