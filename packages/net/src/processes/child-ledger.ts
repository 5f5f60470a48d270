/**
 * Records the children that the workers of this process have started. The code of a child that has ended stays with the system until
 * somebody takes it. A worker that is terminated cannot; so another thread does (orphans.ts).
 *
 *   of a slot  written by                     meaning
 *   OWNER      the thread that takes it (cas) the kernel's id of the thread whose child it is; 0: nobody
 *   PID        the owner                      the child's process id; 0: it is not started yet, or its code is taken
 *
 * 1. A slot is taken before the child is started. No function begins between the system call that starts the child and the writing of
 *    PID, nor between the one that takes its code and the clearing of PID: so no termination falls in between.
 * 2. While PID is set, the system gives the number to no other process: its code was not taken.
 * 3. A thread that has ended owns nothing. Any other takes its slots by cas.
 *
 * The main thread has no slots: when it ends, the process does. The table is inherited by the workers that are started afterwards.
 */
import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { inheritMemory, SlotTable } from '@ringloop/core/internal';
import { load, store } from '#atomics';
import type { Word } from '../libc/process-calls.js';
import { thisTask } from '../wakeup/this-task.js';

const SLOT_WORDS = 2;
const USED_AT = 0;
const FIRST_AT = 2;
const PID = 1;
const NAME = 'children';

/** The most children of workers at a time that are recorded. Arbitrary, far above what one process should have. */
const SLOTS = 4096;

/** The place of one child. */
export interface LedgerEntry extends Word {
  /** Its code is taken, or it was never started. */
  release(): void;
}

/** Somebody else's child that this thread has taken over. */
export interface Inherited {
  readonly pid: number;
  readonly entry: LedgerEntry;
}

export class ChildLedger {
  static readonly BYTES = (FIRST_AT + SLOTS * SLOT_WORDS) * 4;
  readonly #words: Int32Array;
  readonly #slots: SlotTable;
  readonly #task: number;

  /** @param task the kernel's id of this thread */
  constructor(memory: SharedArrayBuffer, task: number) {
    this.#words = new Int32Array(memory);
    const slots = Math.floor((this.#words.length - FIRST_AT) / SLOT_WORDS);
    this.#slots = new SlotTable(this.#words, { at: FIRST_AT, slots, slotWords: SLOT_WORDS, usedAt: USED_AT });
    this.#task = task;
  }

  /** Null: the table is full. The child is not recorded then. */
  claim(): LedgerEntry | null {
    const slot = this.#slots.claim(this.#task);
    return slot === null ? null : this.#entry(slot);
  }

  /** Takes the children of threads that have ended. */
  inherit(isAlive: (task: number) => boolean): Inherited[] {
    const found: Inherited[] = [];
    for (let slot = 0; slot < this.#slots.used(); slot++) {
      const owner = this.#slots.ownerOf(slot);
      if (owner === 0 || owner === this.#task || isAlive(owner)) continue;
      if (!this.#slots.tryClaim(slot, this.#task, owner)) continue; // another thread has it
      const entry = this.#entry(slot);
      const pid = load(this.#words, entry.at);
      if (pid === 0) entry.release();
      else found.push({ pid, entry });
    }
    return found;
  }

  #entry(slot: number): LedgerEntry {
    const at = this.#slots.wordOf(slot) + PID;
    return {
      words: this.#words,
      at,
      release: () => {
        store(this.#words, at, 0);
        this.#slots.release(slot, this.#task);
      },
    };
  }
}

let ledger: ChildLedger | null = null;

/** The ledger that this thread shares with the threads that it starts from now on, and with those that have started it. */
export function childLedger(): ChildLedger {
  return (ledger ??= new ChildLedger(shareLedger(), thisTask()));
}

/** Its memory. */
export function shareLedger(): SharedArrayBuffer {
  return inheritMemory(NAME, ChildLedger.BYTES);
}

/** A place for a child that is about to be started. Null: nobody needs to know of it, or could be told. */
export function noteChild(): LedgerEntry | null {
  if (isMainThread || process.platform !== 'linux') return null;
  try {
    return childLedger().claim();
  } catch {
    return null; // there is no /proc, and so no id of this thread
  }
}

/** Whether a thread of this process has that kernel id. */
export function isAlive(task: number): boolean {
  return existsSync(`/proc/self/task/${task}`);
}
