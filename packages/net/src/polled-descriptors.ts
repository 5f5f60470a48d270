/**
 * The epoll descriptors that libuv watches for loops of this process, so that a thread can be ended in peace.
 *
 * koffi's poll handle calls into JavaScript at each event. In a thread that is being terminated that fails, and koffi then
 * aborts the whole process. So whoever ends other threads (the main thread at its exit, a LoopGroup that terminates a
 * member) first puts an empty epoll in the place of each of their descriptors: libuv drops a watched file when it is gone,
 * and no event comes any more.
 *
 *   word          written by                    meaning
 *   OWNER[slot]   the polling thread (cas),     FREE; thread id + 1 while it polls; minus that while somebody
 *                 and who detaches it (cas)     detaches it, for which the polling thread waits before it closes anything
 *   FD[slot]      the polling thread            the descriptor, valid while OWNER is not FREE
 *   CALL[thread]  that thread (cas),            FREE; thread id + 1 while it is in a call of koffi's poll handle, which aborts
 *                 and who dooms it (cas)        the process as well if the thread is terminated meanwhile; minus that: doomed
 *   DOOM          the main thread, at its exit  its thread id + 1: all others are doomed
 *
 * A thread enters such a call only while it is not doomed, and is doomed only while it is in none; from then on it stands
 * still until it is terminated. CALL is found by thread id modulo SLOTS, and what a doomed thread has left there is taken over.
 *
 * The table is made by the first thread that needs it and inherited by the workers that it starts afterwards. A thread
 * whose parent has none keeps its own, and is not protected.
 */
import { getEnvironmentData, isMainThread, setEnvironmentData, threadId } from 'node:worker_threads';
import { InternalError } from '@ringloop/core';
import * as sys from './syscalls.js';

const KEY = 'ringloop.polledDescriptors';
/** Loops that poll at a time. Arbitrary, far above the number of threads that make sense. */
const SLOTS = 1024;
const FREE = 0;
const FD = SLOTS;
const CALL = SLOTS * 2;
const DOOM = SLOTS * 3;
const WORDS = SLOTS * 3 + 1;
const self = threadId + 1;

/** Time for an event that libuv had collected before we detached it, in ms: it is dispatched within microseconds. */
const IN_FLIGHT_MS = 2;

/** How long a thread may take to leave a call, in ms: far more than a call takes, for who is to be ended may hang in it. */
const CALL_MS = 100;

let table: Int32Array | null = null;

/** Makes the table unless this thread has inherited one. Call it before starting workers whose loops will poll. */
export function sharePolledDescriptors(): Int32Array {
  if (table !== null) return table;
  const inherited = getEnvironmentData(KEY);
  const memory = inherited instanceof SharedArrayBuffer ? inherited : new SharedArrayBuffer(WORDS * 4);
  if (memory !== inherited) setEnvironmentData(KEY, memory);
  table = new Int32Array(memory);
  // Workers end by force when the main thread exits, whatever they are doing.
  process.once('exit', isMainThread ? endOthers : endThis);
  return table;
}

/** This thread's libuv watches `fd` from now on. Returns the slot for `stopPolled()`. */
export function startPolled(fd: number): number {
  const words = sharePolledDescriptors();
  for (let slot = 0; slot < SLOTS; slot++) {
    // Claimed as if it were being detached, until the descriptor stands there.
    if (Atomics.compareExchange(words, slot, FREE, -self) !== FREE) continue;
    Atomics.store(words, FD + slot, fd);
    Atomics.store(words, slot, self);
    return slot;
  }
  throw new InternalError(`More than ${SLOTS} loops poll at a time`);
}

/** It is not watched any more, and may be closed when this returns. */
export function stopPolled(slot: number): void {
  const words = sharePolledDescriptors();
  while (Atomics.compareExchange(words, slot, self, FREE) !== self) Atomics.wait(words, slot, -self, 1);
}

/** Makes a call of koffi's poll handle, unless this thread is about to be terminated: then it never returns. */
export function callPollHandle<T>(call: () => T): T {
  const words = sharePolledDescriptors();
  const at = CALL + (self % SLOTS);
  for (let found = FREE; ;) {
    if (found === -self) standStill(words, at);
    const seen = Atomics.compareExchange(words, at, found, self);
    if (seen === found) break;
    if (seen > FREE) Atomics.wait(words, at, seen, 1); // a thread with the same remainder
    found = seen > FREE ? FREE : seen;
  }
  try {
    const doom = Atomics.load(words, DOOM);
    if (doom !== FREE && doom !== self) {
      Atomics.store(words, at, FREE);
      standStill(words, at);
    }
    return call();
  } finally {
    Atomics.store(words, at, FREE);
    Atomics.notify(words, at);
  }
}

/** Prepares a thread for being terminated: it is in no call of a poll handle, and its descriptors are detached. */
export function detachPolled(ofThread: number): void {
  const key = ofThread + 1;
  const words = sharePolledDescriptors();
  const at = CALL + (key % SLOTS);
  whileCalling(words, at, key, () => Atomics.compareExchange(words, at, FREE, -key) === FREE);
  detachWhere((owner) => owner === key);
}

/** The same for all other threads: the process ends. */
function endOthers(): void {
  const words = sharePolledDescriptors();
  Atomics.store(words, DOOM, self);
  for (let slot = 0; slot < SLOTS; slot++) {
    const caller = Atomics.load(words, CALL + slot);
    if (caller > FREE && caller !== self) {
      whileCalling(words, CALL + slot, caller, () => Atomics.load(words, CALL + slot) !== caller);
    }
  }
  detachWhere((owner) => owner !== self);
}

/** This worker ends, perhaps by an uncaught error with its loop running: Node polls once more then, to close what is open. */
function endThis(): void {
  detachWhere((owner) => owner === self);
}

/** Waits until `isDone()`, looking again whenever `caller` leaves its call. */
function whileCalling(words: Int32Array, at: number, caller: number, isDone: () => boolean): void {
  const deadline = performance.now() + CALL_MS;
  while (!isDone() && performance.now() < deadline) Atomics.wait(words, at, caller, 1);
}

function standStill(words: Int32Array, at: number): never {
  for (;;) Atomics.wait(words, at, Atomics.load(words, at)); // termination ends this
}

function detachWhere(match: (owner: number) => boolean): void {
  const words = sharePolledDescriptors();
  let detached = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const owner = Atomics.load(words, slot);
    if (owner <= FREE || !match(owner)) continue;
    if (Atomics.compareExchange(words, slot, owner, -owner) !== owner) continue;
    detached += sys.replaceByEmptyEpoll(Atomics.load(words, FD + slot)) >= 0 ? 1 : 0;
    Atomics.store(words, slot, owner);
    Atomics.notify(words, slot);
  }
  if (detached > 0) Atomics.wait(words, CALL - 1, Atomics.load(words, CALL - 1), IN_FLIGHT_MS);
}
