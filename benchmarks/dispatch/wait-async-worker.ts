import { workerData } from 'node:worker_threads';
import { PING, PONG, waitAsync } from './wait-async-words.js';

const words = workerData as Int32Array;
setInterval(() => undefined, 2 ** 30); // a pending waitAsync keeps no thread alive

let seen = 0;
while (true) {
  await waitAsync(words, PING, seen).value;
  seen = Atomics.load(words, PING);
  Atomics.add(words, PONG, 1);
  Atomics.notify(words, PONG, 1);
}
