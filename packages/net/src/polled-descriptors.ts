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
const self = threadId + 1;

/** Time for an event that libuv had collected before we detached it, in ms: it is dispatched within microseconds. */
const IN_FLIGHT_MS = 2;

let table: Int32Array | null = null;

/** Makes the table unless this thread has inherited one. Call it before starting workers whose loops will poll. */
export function sharePolledDescriptors(): Int32Array {
  if (table !== null) return table;
  const inherited = getEnvironmentData(KEY);
  const memory = inherited instanceof SharedArrayBuffer ? inherited : new SharedArrayBuffer(SLOTS * 2 * 4);
  if (memory !== inherited) setEnvironmentData(KEY, memory);
  table = new Int32Array(memory);
  // Workers end by force when the main thread exits, whatever they are doing.
  if (isMainThread) process.once('exit', () => detachWhere((owner) => owner !== self));
  return table;
}

/** This thread's libuv watches `fd` from now on. Returns the slot for `stopPolled()`. */
export function startPolled(fd: number): number {
  const words = sharePolledDescriptors();
  for (let slot = 0; slot < SLOTS; slot++) {
    // Claimed as if it were being detached, until the descriptor stands there.
    if (Atomics.compareExchange(words, slot, FREE, -self) !== FREE) continue;
    Atomics.store(words, SLOTS + slot, fd);
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

/** Detaches the descriptors of a thread that is about to be terminated. */
export function detachPolled(ofThread: number): void {
  detachWhere((owner) => owner === ofThread + 1);
}

function detachWhere(match: (owner: number) => boolean): void {
  const words = sharePolledDescriptors();
  let detached = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const owner = Atomics.load(words, slot);
    if (owner <= FREE || !match(owner)) continue;
    if (Atomics.compareExchange(words, slot, owner, -owner) !== owner) continue;
    detached += sys.replaceByEmptyEpoll(Atomics.load(words, SLOTS + slot)) >= 0 ? 1 : 0;
    Atomics.store(words, slot, owner);
    Atomics.notify(words, slot);
  }
  if (detached > 0) Atomics.wait(words, SLOTS * 2 - 1, Atomics.load(words, SLOTS * 2 - 1), IN_FLIGHT_MS);
}
