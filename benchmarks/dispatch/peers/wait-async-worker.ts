import { parentPort, workerData } from 'node:worker_threads';
import { PING, PONG, waitAsync } from './wait-async-words.js';

const words = workerData as Int32Array; // as wait-async.ts sends it
setInterval(() => undefined, 2 ** 30); // a pending waitAsync keeps no thread alive

let seen = 0;
let asleep = waitAsync(words, PING, seen);
parentPort?.postMessage('ready');
while (true) {
  await asleep.value;
  seen = Atomics.load(words, PING);
  Atomics.add(words, PONG, 1);
  Atomics.notify(words, PONG, 1);
  asleep = waitAsync(words, PING, seen);
}
