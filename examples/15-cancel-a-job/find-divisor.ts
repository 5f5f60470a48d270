import { type CancelToken, remote, type SharedEvent } from 'ringloop';

/** Looks for a divisor of `n`, until it finds one or is told that nobody wants it any more. */
export const findDivisor = remote(
  import.meta.url,
  function findDivisor(n: bigint, token: CancelToken, started: SharedEvent): bigint {
    started.set();
    for (let divisor = 3n; ; divisor += 2n) {
      token.throwIfCancelled(); // one atomic load
      if (n % divisor === 0n) return divisor;
    }
  },
);
