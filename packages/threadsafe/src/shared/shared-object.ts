import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { listenForExits, onThreadExit } from '../exits/thread-exits.js';
import { newId } from '../memory/inbox-memory.js';
import { type Wire, wireIn } from '../codec/sendable.js';

/** An object over shared memory in which another thread may have left something when it ended. */
export interface Repairable {
  /** Puts right what a thread left. Any thread does, any number of times, several at once. */
  [REPAIR](producer: number): void;
}

/** How many threads may end while an object is on its way. Arbitrary. */
const REMEMBERED_ENDS = 16;

export const REPAIR: unique symbol = Symbol('repair');

/** What such an object is while it crosses. */
export interface SharedObjectWire extends Wire {
  readonly memory: SharedArrayBuffer;
  /** Names the memory in the whole process, for each time it arrives in a thread it is another SharedArrayBuffer. None: a new one. */
  readonly id?: string;
}

/** This thread's, by the id of their memory. */
const objects = new Map<string, WeakRef<Repairable>>();
const gone: number[] = [];
const collected = new FinalizationRegistry<string>((id) => {
  if (objects.get(id)?.deref() === undefined) objects.delete(id);
});
let listening = false;
let made = 0;

/** The id of new memory. */
export function newSharedId(): string {
  return newId(++made);
}

/**
 * The object over that memory: the one that this thread has already, or else a new one. So an object that arrives any number of times
 * is one, and takes one slot among those who wait.
 */
export function sharedObjectOf<V extends Repairable>(
  { id }: SharedObjectWire,
  viewClass: new (...args: never) => V,
  make: () => V,
): V {
  const known = id === undefined ? undefined : objects.get(id)?.deref();
  return known instanceof viewClass ? known : make();
}

/** From now on `view` is told of threads that end, and of those that have ended before. */
export function registerSharedObject(view: Repairable, { id = newSharedId() }: SharedObjectWire): void {
  if (!listening) {
    listening = true;
    onThreadExit(threadExited);
    listenForExits();
  }
  objects.set(id, new WeakRef(view));
  collected.register(view, id);
  // It may have been on its way here when everybody else repaired it.
  for (const producer of gone) view[REPAIR](producer);
}

function threadExited(threadId: number): void {
  const producer = threadId + 1;
  gone.push(producer);
  if (gone.length > REMEMBERED_ENDS) gone.shift();
  for (const ref of objects.values()) ref.deref()?.[REPAIR](producer);
}

/** What `toWire()` of a class gave. @throws {TypeError} ERR_INVALID_ARG_TYPE when it is something else */
export function wireOf<W extends Wire>(kind: W['kind'], wire: unknown): W {
  const found = wireIn(wire);
  if (found?.kind === kind) return found as W; // its kind says so
  throw typeError(`Cannot make a ${kind} of ${inspect(wire, { depth: 0 })}: toWire() did not make it`);
}
