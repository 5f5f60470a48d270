// An object that lives in one loop and is used from another, through a proxy with its type.
//
// prints:
// changed: tea
// tea is green
// StaleError ERR_STALE: Cannot find milk in loop-0
// 1 hit, 1 miss
// TimeoutError: Loop "loop-0" did not reply to cache.refresh() within 0.05 seconds
// nothing is exposed as "cash": ERR_NOT_EXPOSED

import { LoopGroup, NotExposedError, proxy, run, TimeoutError } from 'ringloop';
import { type Cache, exposeCache, StaleError } from './14-object-in-another-loop/cache.js';

await run(async () => {
  await using group = await LoopGroup.spawn({ loops: 1 });
  const there = group.next();
  await there.runCoroutineThreadsafe(exposeCache);

  // The cache stays where it is; every method returns a promise here. The end of the block releases the proxy.
  using cache = there.wrap<Cache>('cache', { timeout: 10 });

  // A callback goes as a proxy of itself: it runs here, in this loop.
  await cache.watch(proxy(async (key: string) => console.log(`changed: ${key}`)));
  await cache.put('tea', 'green');
  console.log(`tea is ${await cache.get('tea')}`);

  // Errors arrive with their class.
  try {
    await cache.get('milk');
  } catch (error) {
    if (!(error instanceof StaleError)) throw error;
    console.log(`${error.name} ${error.code}: ${error.message}`);
  }

  // Properties can be read, those of properties too.
  console.log(`${await cache.stats.hits} hit, ${await cache.stats.misses} miss`);

  // Each call has a deadline. The method is cancelled where it waits.
  using hasty = there.wrap<Cache>('cache', { timeout: 0.05 });
  try {
    await hasty.refresh();
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    console.log(`TimeoutError: ${error.message}`);
  }

  try {
    await there.wrap<Cache>('cash').get('tea');
  } catch (error) {
    if (!(error instanceof NotExposedError)) throw error;
    console.log(`nothing is exposed as "cash": ${error.code}`);
  }
});
