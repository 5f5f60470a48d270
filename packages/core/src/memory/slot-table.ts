/**
 * A table of slots in words that threads share. A slot belongs to one thread at a time, which claims it by writing its number.
 *
 *   word          written by                       read by   meaning
 *   USED          claimers (cas), where there is   all       slots from here on have never been claimed; only grows
 *                 such a word
 *   OWNER[slot]   claimers (cas), the owner,       all       FREE, or the number of the owner, in a form that the user of the
 *                 witnesses of its end (cas)                 table chooses
 *
 * 1. A slot is claimed by cas from FREE, or from an owner that the claimer knows to be gone: so two claimers never have the same.
 * 2. USED grows before the cas. A claimer that is killed in between has claimed nothing; a slot that is claimed is always below USED.
 *    (In the other order nobody would look at the slot of a claimer that was killed. The explorer found that.)
 * 3. The number of a thread that has ended never comes back, or the user of the table checks that. So any number of witnesses may
 *    free its slot by cas, at the same time: one of them does, and none frees the slot of a later owner.
 * 4. The other words of a slot belong to its owner, in the order that the user of the table says.
 */
import { cas, load } from '#atomics';

const FREE = 0;

/** Where a table is. All numbers are indices or counts of words. */
export interface SlotTableLayout {
  /** The OWNER word of the first slot. */
  readonly at: number;
  readonly slots: number;
  readonly slotWords: number;
  /** The USED word. Without it, all slots are looked at. */
  readonly usedAt?: number;
}

/** The owners of a table. */
export class SlotTable {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #slots: number;
  readonly #slotWords: number;
  readonly #usedAt: number | null;

  constructor(words: Int32Array, { at, slots, slotWords, usedAt }: SlotTableLayout) {
    this.#words = words;
    this.#at = at;
    this.#slots = slots;
    this.#slotWords = slotWords;
    this.#usedAt = usedAt ?? null;
  }

  /** Slots from this number on have never been claimed. */
  used(): number {
    return this.#usedAt === null ? this.#slots : load(this.#words, this.#usedAt);
  }

  /** The index of the slot's OWNER word; its other words stand behind it. */
  wordOf(slot: number): number {
    return this.#at + slot * this.#slotWords;
  }

  /** What the slot's OWNER word says; 0: it is free. */
  ownerOf(slot: number): number {
    return load(this.#words, this.wordOf(slot));
  }

  /**
   * Claims the first slot to be had. Null: there is none.
   * @param mayClaim whether a slot with that owner can be claimed; by default only one without
   */
  claim(owner: number, mayClaim: (found: number) => boolean = isFree): number | null {
    for (let slot = 0; slot < this.#slots; slot++) {
      const found = this.ownerOf(slot);
      if (mayClaim(found) && this.tryClaim(slot, owner, found)) return slot;
    }
    return null;
  }

  /** Claims the slot from `found`, its last owner. False: somebody else has. */
  tryClaim(slot: number, owner: number, found = FREE): boolean {
    if (this.#usedAt !== null) this.#growUsed(this.#usedAt, slot + 1);
    return cas(this.#words, this.wordOf(slot), found, owner) === found;
  }

  /** The first slot of that owner. Null: it has none. */
  find(owner: number): number | null {
    const used = this.used();
    for (let slot = 0; slot < used; slot++) if (this.ownerOf(slot) === owner) return slot;
    return null;
  }

  /** Frees the slot if it still belongs to `owner`, or leaves `mark` in it. False: it does not. */
  release(slot: number, owner: number, mark = FREE): boolean {
    return cas(this.#words, this.wordOf(slot), owner, mark) === owner;
  }

  #growUsed(word: number, atLeast: number): void {
    while (true) {
      const used = load(this.#words, word);
      if (used >= atLeast || cas(this.#words, word, used, atLeast) === used) return;
    }
  }
}

function isFree(owner: number): boolean {
  return owner === FREE;
}
