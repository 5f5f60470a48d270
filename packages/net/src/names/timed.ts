import type { NetLoop } from '../loop-net.js';

/** In debug mode, says on standard error when the resolver was slow, as the loop does of callbacks. */
export async function timed<T>(loop: NetLoop, what: string, work: () => Promise<T>): Promise<T> {
  if (!loop.getDebug()) return await work();
  const started = performance.now();
  const result = await work();
  const took = performance.now() - started;
  if (took >= loop.slowCallbackDuration * 1000)
    console.warn(`Getting address info ${what} took ${took.toFixed(3)}ms`);
  return result;
}
