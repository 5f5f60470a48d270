/**
 * How a producer and an owner that nobody has introduced to each other get a channel with these two ends and no third.
 *
 *   word             written by   read by    meaning
 *   PRIVATE_CHANNEL  owner        producer   number of the channel that belongs to this lane alone; 0: none yet
 *
 * 1. The owner listens first and stores the number then; the producer reads the number before it sends: so the owner
 *    hears what is sent there. (To store the number first loses what is sent in between.)
 * 2. An owner uses no number twice, and takes the number back before the lane is free: so no producer sends to the
 *    channel of another.
 * 3. Until then the producer sends by the inbox's common channel. Messages have numbers, so the record that asks for a
 *    message does not depend on the channel.
 *
 * Source: ours.
 */
import { load, store } from '#atomics';
import { PRIVATE_CHANNEL } from './ring.js';

/** Owner: lets the producer of the lane with that header send to channel `number` from now on. */
export function offerChannel(header: Int32Array, number: number, listen: (number: number) => void): void {
  listen(number);
  store(header, PRIVATE_CHANNEL, number);
}

/** Owner: takes the channel back, when the lane was left. */
export function withdrawChannel(header: Int32Array): void {
  store(header, PRIVATE_CHANNEL, 0);
}

/** Producer: the number of its private channel, or 0. */
export function offeredChannel(header: Int32Array): number {
  return load(header, PRIVATE_CHANNEL);
}
