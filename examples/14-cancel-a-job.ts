// prints:
// a divisor of 9007199254740991: 6361
// looking for one of a prime …
// The token was cancelled, because it takes too long

import { CancelToken, getRunningLoop, run, SharedEvent } from 'ringloop';
import { findDivisor } from './14-cancel-a-job/find-divisor.js';

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
    const error = thrown as Error; // a CancelledError, as throwIfCancelled() threw it
    console.log(`${error.message}, because ${String(error.cause)}`);
  }
});
