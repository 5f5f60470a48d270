import { remote } from 'ringloop';

/** Blocks its thread for as long as it takes: a job for the executor, not for a loop. */
export const countPrimes = remote(import.meta.url, function countPrimes(limit: number): number {
  const composite = new Uint8Array(limit);
  let primes = 0;
  for (let n = 2; n < limit; n++) {
    if (composite[n] === 1) continue;
    primes++;
    for (let multiple = n * n; multiple < limit; multiple += n) composite[multiple] = 1;
  }
  return primes;
});
