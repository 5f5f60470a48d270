import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { listenForExits, onThreadExit } from '../exit-news.js';
import { isSendable, WIRE, type Wire } from '../sendable.js';

/** An object over shared memory in which another thread may have left something when it ended. */
export interface Repairable {
  /** Puts right what a thread left. Any thread does, any number of times, several at once. */
  [REPAIR](producer: number): void;
}

/** How many threads may end while an object is on its way. Arbitrary. */
const REMEMBERED_ENDS = 16;

export const REPAIR: unique symbol = Symbol('repair');

const views = new Set<WeakRef<Repairable>>();
const gone: number[] = [];
const collected = new FinalizationRegistry<WeakRef<Repairable>>((ref) => views.delete(ref));
let listening = false;

/** From now on `view` is told of threads that end, and of those that have ended before. */
export function registerView(view: Repairable): void {
  if (!listening) {
    listening = true;
    onThreadExit(threadExited);
    listenForExits();
  }
  const ref = new WeakRef(view);
  views.add(ref);
  collected.register(view, ref);
  // It may have been on its way here when everybody else repaired it.
  for (const producer of gone) view[REPAIR](producer);
}

function threadExited(threadId: number): void {
  const producer = threadId + 1;
  gone.push(producer);
  if (gone.length > REMEMBERED_ENDS) gone.shift();
  for (const ref of views) ref.deref()?.[REPAIR](producer);
}

/** What `toWire()` of a class gave. @throws {TypeError} ERR_INVALID_ARG_TYPE when it is something else */
export function wireOf<W extends Wire>(kind: W['kind'], wire: unknown): W {
  if (typeof wire === 'object' && wire !== null && isSendable(wire) && wire[WIRE].kind === kind) {
    return wire[WIRE] as W; // its kind says so
  }
  throw typeError(`Cannot make a ${kind} of ${inspect(wire, { depth: 0 })}: toWire() did not make it`);
}
