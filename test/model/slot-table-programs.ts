/** Threads that claim slots and give them back or end with them, witnesses that free those, and tables that are wrong. */
import { SlotTable } from '@ringloop/core/internal';
import type { ModelThread } from './worker.js';

export interface SlotBuffers {
  /** USED, and two slots of one word. */
  readonly table: SharedArrayBuffer;
  /** By slot: the thread that has it. */
  readonly notes: SharedArrayBuffer;
}

const USED = 0;
const SLOTS = 2;
const LAYOUT = { at: 1, slots: SLOTS, slotWords: 1, usedAt: USED };

export const WORD_NAMES = { 0: 'USED', 1: 'OWNER[0]', 2: 'OWNER[1]' };

export const makeTable = (): SlotBuffers => ({
  table: new SharedArrayBuffer((1 + SLOTS) * 4),
  notes: new SharedArrayBuffer(SLOTS * 4),
});

export interface ClaimerInput {
  readonly number: number;
  readonly givesBack?: boolean;
  /** In place of the table's own way. */
  readonly wrong?: 'bySight' | 'usedLate' | undefined;
}

/** Returns the slot that it got. */
export function claimSlot(buffers: SlotBuffers, { atomics, input }: ModelThread): number | null {
  const { number, givesBack = false, wrong } = input as ClaimerInput;
  const words = new Int32Array(buffers.table);
  const notes = new Int32Array(buffers.notes);
  const table = new SlotTable(words, LAYOUT);
  const slot = wrong === undefined ? table.claim(number) : claimWrongly(words, number, wrong, atomics);
  if (slot === null) return null;
  const holder = atomics.cas(notes, slot, 0, number);
  if (holder !== 0) throw new Error(`Threads ${holder} and ${number} both have slot ${slot}`);
  if (!givesBack) return slot;
  atomics.store(notes, slot, 0);
  if (!table.release(slot, number)) throw new Error(`Slot ${slot} was taken from thread ${number}`);
  return slot;
}

/** Has seen thread `number` end, and frees the slots that are used. Returns how many it has freed. */
export function witness(buffers: SlotBuffers, { atomics, input }: ModelThread): number {
  const { number } = input as ClaimerInput;
  const table = new SlotTable(new Int32Array(buffers.table), LAYOUT);
  const notes = new Int32Array(buffers.notes);
  let freed = 0;
  for (let slot = 0; slot < table.used(); slot++) {
    if (table.ownerOf(slot) !== number) continue;
    atomics.cas(notes, slot, number, 0);
    if (table.release(slot, number)) freed++;
  }
  return freed;
}

function claimWrongly(
  words: Int32Array,
  number: number,
  wrong: 'bySight' | 'usedLate',
  { load, store, cas }: ModelThread['atomics'],
): number | null {
  for (let slot = 0; slot < SLOTS; slot++) {
    if (load(words, LAYOUT.at + slot) !== 0) continue;
    if (wrong === 'bySight') {
      store(words, LAYOUT.at + slot, number);
      return slot;
    }
    if (cas(words, LAYOUT.at + slot, 0, number) !== 0) continue;
    store(words, USED, slot + 1);
    return slot;
  }
  return null;
}
