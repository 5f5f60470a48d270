import type { RequestListener } from 'node:http';
import { getRunningLoop, remote } from 'ringloop';

let requests = 0;
let reloads = 0;

/** Makes the application of one loop. An answer takes some time, and comes in two parts. */
export const makeApp = remote(import.meta.url, function makeApp(): RequestListener {
  const loop = getRunningLoop();
  loop.addSignalHandler('SIGHUP', () => reloads++); // each loop has its own, until it is closed
  return (request, response) => {
    requests++;
    response.write('Hello ');
    const finish = (): void => void response.end(`from ${loop.name} at ${request.url}\n`);
    loop.callLater(0.02 + Math.random() * 0.08, finish);
  };
});

/** What the called loop has done. */
export const activity = remote(import.meta.url, function activity(): {
  readonly requests: number;
  readonly reloads: number;
} {
  return { requests, reloads };
});
