/**
 * How a producer and an owner that nobody has introduced to each other come to a channel with these two ends and no third.
 *
 *   word           written by   read by    meaning
 *   OWN_CHANNEL    owner        producer   number of the channel that belongs to this lane alone; 0: there is none yet
 *
 * 1. The owner listens first and says so then; the producer looks before it sends: so what is sent there is heard. (To say so first
 *    loses what is sent in between.)
 * 2. An owner gives no number twice, and takes it back before the lane is free: so nobody sends to the channel of another.
 * 3. Until then the producer sends by the inbox's common channel. Messages have numbers, and the record that asks for one does not care by
 *    which it comes.
 * Source: ours.
 */
import { load, store } from '#atomics';
import { PRIVATE_CHANNEL } from './ring.js';

/** Owner: from now on the producer of the lane with that header may send to channel `number`. */
export function offerChannel(header: Int32Array, number: number, listen: (number: number) => void): void {
  listen(number);
  store(header, PRIVATE_CHANNEL, number);
}

/** Owner: the lane was left. */
export function withdrawChannel(header: Int32Array): void {
  store(header, PRIVATE_CHANNEL, 0);
}

/** Producer: the number of its own channel, or 0. */
export function offeredChannel(header: Int32Array): number {
  return load(header, PRIVATE_CHANNEL);
}
