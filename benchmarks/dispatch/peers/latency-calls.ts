// What the producer of `latency` calls in the consumer's loop, and how that loop stays awake.
import { getRunningLoop, remote } from 'ringloop';

let latencies: number[] = [];
let awake = false;

/** Seconds on the clock that all threads share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}

export const stayAwake = remote(import.meta.url, function stayAwake(): void {
  const loop = getRunningLoop();
  const again = (): void => {
    if (awake) loop.callSoon(again);
  };
  awake = true;
  again();
});

export const stamp = remote(import.meta.url, function stamp(sent: number): void {
  latencies.push(now() - sent);
});

/** Lets the loop sleep again. */
export const takeLatencies = remote(import.meta.url, function takeLatencies(): number[] {
  awake = false;
  const taken = latencies;
  latencies = [];
  return taken;
});
