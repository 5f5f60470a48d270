import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { listenForExits, onThreadExit } from '../exits/thread-exits.js';
import { newId } from '../memory/inbox-memory.js';
import { type Wire, wireIn } from '../codec/sendable.js';

/** An object over shared memory that another thread may have left half changed when it ended. */
export interface Repairable {
  /** Repairs what an ended thread left. Any thread may call it, any number of times, also several at once. */
  [REPAIR](producer: number): void;
}

/** Ends of threads that are remembered, for objects that are being sent meanwhile. Arbitrary. */
const REMEMBERED_ENDS = 16;

export const REPAIR: unique symbol = Symbol('repair');

/** The form in which such an object is sent. */
export interface SharedObjectWire extends Wire {
  readonly memory: SharedArrayBuffer;
  /**
   * Identifies the memory in the whole process: each time it arrives in a thread, it is another SharedArrayBuffer.
   * Undefined: new memory.
   */
  readonly id?: string;
}

/** This thread's objects, by the id of their memory. */
const objects = new Map<string, WeakRef<Repairable>>();
const gone: number[] = [];
const collected = new FinalizationRegistry<string>((id) => {
  if (objects.get(id)?.deref() === undefined) objects.delete(id);
});
let listening = false;
let made = 0;

/** An id for new memory. */
export function newSharedId(): string {
  return newId(++made);
}

/**
 * The object over that memory: the one that this thread already has, or else a new one. So an object that arrives
 * several times is the same object, and takes only one slot in a wait queue.
 */
export function sharedObjectOf<V extends Repairable>(
  { id }: SharedObjectWire,
  viewClass: new (...args: never) => V,
  make: () => V,
): V {
  const known = id === undefined ? undefined : objects.get(id)?.deref();
  return known instanceof viewClass ? known : make();
}

/** Calls the repair of `view` for each thread that ends from now on, and for those that ended before. */
export function registerSharedObject(view: Repairable, { id = newSharedId() }: SharedObjectWire): void {
  if (!listening) {
    listening = true;
    onThreadExit(threadExited);
    listenForExits();
  }
  objects.set(id, new WeakRef(view));
  collected.register(view, id);
  // The object may have been on its way here while the other threads repaired it.
  for (const producer of gone) view[REPAIR](producer);
}

function threadExited(threadId: number): void {
  const producer = threadId + 1;
  gone.push(producer);
  if (gone.length > REMEMBERED_ENDS) gone.shift();
  for (const ref of objects.values()) ref.deref()?.[REPAIR](producer);
}

/**
 * The wire in the result of a class's `toWire()`. @throws {TypeError} ERR_INVALID_ARG_TYPE when `wire` is something
 * else
 */
export function wireOf<W extends Wire>(kind: W['kind'], wire: unknown): W {
  const found = wireIn(wire);
  if (found?.kind === kind) return found as W; // checked by its kind
  throw typeError(`Cannot make a ${kind} of ${inspect(wire, { depth: 0 })}: toWire() did not make it`);
}
