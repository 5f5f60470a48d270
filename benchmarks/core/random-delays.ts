/** Seconds. No timer comes due while it is measured … */
const SHORTEST = 60;
/** … and that of a server's timeouts, arbitrary: 60,000 different milliseconds, each of which is a list in Node. */
const RANGE = 60;

/** Delays in seconds, the same ones in every process; peers/workloads.py has the same generator. */
export function randomDelays(count: number): number[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (state * 48_271) % 0x7fff_ffff; // Lehmer's generator: its products are exact in a double
    return SHORTEST + (RANGE * state) / 0x7fff_ffff;
  });
}

/** All alike: what Node is best at, since it only appends to a list. */
export function equalDelays(count: number): number[] {
  return new Array<number>(count).fill(SHORTEST);
}
