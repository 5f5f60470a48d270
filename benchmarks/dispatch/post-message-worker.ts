import { parentPort } from 'node:worker_threads';

let sum = 0;

parentPort?.on('message', (message: number) => {
  if (message > 0) {
    sum += message;
    return;
  }
  // Zero: echo it. Minus one: say what came in.
  parentPort?.postMessage(message === 0 ? 0 : sum);
  if (message < 0) sum = 0;
});
