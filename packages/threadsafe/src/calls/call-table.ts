/** A call that waits for its reply. */
export interface Numbered {
  /** The caller's id of the call: 32 bits, not 0. */
  readonly callId: number;
}

const SMALLEST = 64;
/** A larger array is dropped when it is empty. Arbitrary. */
const LARGEST_TO_KEEP = 4096;

/**
 * Calls by id. Ids are handed out in order and come back soon, so their last bits index an array; the few that collide
 * there are kept in a Map. (With all calls in a Map, its rehashed tables cost a tenth of a call: see task-registry.ts.)
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

  /** Adds a call whose id is not in the table. */
  add(item: T): void {
    if (this.#placed * 2 >= this.#places.length) this.#grow();
    this.#put(item);
  }

  /** Removes a call. False: it was not in the table. */
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
