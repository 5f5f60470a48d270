// The same as latency-calls.ts with messages: a number is the time it was sent at.
import { parentPort } from 'node:worker_threads';
import { now } from './latency-calls.js';

let latencies: number[] = [];
let awake = false;

function again(): void {
  if (awake) setImmediate(again);
}

parentPort?.on('message', (message: number | 'awake' | 'done') => {
  if (message === 'awake') {
    awake = true;
    again();
  } else if (message === 'done') {
    awake = false;
    parentPort?.postMessage(latencies);
    latencies = [];
  } else {
    latencies.push(now() - message);
  }
});
