// prints:
// a divisor of 9007199254740991: 6361
// looking for one of a prime …
// given up: it takes too long

import { CancelledError, CancelToken, getRunningLoop, run, SharedEvent } from 'ringloop';
import { findDivisor } from './15-cancel-a-job/find-divisor.js';

await run(async () => {
  const loop = getRunningLoop();
  const token = new CancelToken(); // one object in all threads that it is sent to
  const composite = 2n ** 53n - 1n;
  const found = await loop.runInExecutor(null, findDivisor, composite, token, new SharedEvent());
  console.log(`a divisor of ${composite}: ${found}`);

  const started = new SharedEvent();
  const prime = 2n ** 127n - 1n;
  const job = loop.runInExecutor(null, findDivisor, prime, token, started);
  await started.wait();
  console.log('looking for one of a prime …');
  token.cancel('it takes too long');
  try {
    await job;
  } catch (thrown) {
    if (!(thrown instanceof CancelledError)) throw thrown;
    console.log(`given up: ${String(token.reason)}`);
  }
});
