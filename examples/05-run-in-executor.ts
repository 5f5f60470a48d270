// prints:
// the loop goes on meanwhile
// primes below 1,000: 168
// primes below 10,000: 1229
// primes below 100,000: 9592

import { getRunningLoop, run } from 'ringloop';
import { countPrimes } from './05-run-in-executor/count-primes.js';

await run(async () => {
  const loop = getRunningLoop();
  loop.callSoon(console.log, 'the loop goes on meanwhile');

  // null is the default executor: a pool of threads, started when it is first used and shut down by run().
  const limits = [1000, 10_000, 100_000];
  const jobs = limits.map((limit) => loop.runInExecutor(null, countPrimes, limit));
  for (const [index, limit] of limits.entries()) {
    console.log(`primes below ${limit.toLocaleString('en-US')}: ${await jobs[index]}`);
  }
});
