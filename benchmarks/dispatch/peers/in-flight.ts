import { checkCount, type EchoPeer, type Peer } from './peer.js';

/** Calls under way at a time, with all whose calls are answered: no table of pending calls becomes the benchmark. */
const IN_FLIGHT = 256;

/** A peer from a call that is answered. */
export function answering(call: () => PromiseLike<number>, close: () => Promise<unknown>): Peer & EchoPeer {
  return {
    async flood(calls) {
      let sum = 0;
      for (let left = calls; left > 0; left -= IN_FLIGHT) {
        const pending: PromiseLike<number>[] = [];
        for (let i = Math.min(left, IN_FLIGHT); i > 0; i--) pending.push(call());
        for (const value of await Promise.all(pending)) sum += value;
      }
      checkCount(sum, calls);
    },
    async roundTrip() {
      await call();
    },
    close,
  };
}
