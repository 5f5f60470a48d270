import { setImmediate as immediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc'); // contexts made from now on have gc()
const gc = runInNewContext('gc') as () => void; // the global that the flag defines

/**
 * Collects garbage until `enough`, at most `rounds` times; finalizers run in macrotasks of their own, some time after. A round
 * takes up to 50 ms when other tests have left a large heap.
 */
export async function collectGarbage(enough: () => boolean, rounds = 30): Promise<void> {
  for (let round = 0; round < rounds && !enough(); round++) {
    gc();
    await immediate();
    await immediate();
  }
}
