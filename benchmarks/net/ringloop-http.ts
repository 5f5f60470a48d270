import type { RequestListener } from 'node:http';
import { LoopGroup, remote, run, serveHttp } from 'ringloop';
import { answerHttp } from './http-answers.js';
import { BACKLOG, type Listen } from './listening.js';

export const makeApp = remote(import.meta.url, function makeApp(): RequestListener {
  return answerHttp;
});

/** Servers of HTTP by name. */
export const RINGLOOP_HTTP: Readonly<Record<string, Listen>> = {
  'ringloop 1 loop': inLoops(1),
  'ringloop 2 loops': inLoops(2),
};

/** Listens in loops that run until the process ends. */
function inLoops(loops: number): Listen {
  return () =>
    new Promise((resolve, reject) => {
      const main = async (): Promise<void> => {
        await using group = await LoopGroup.spawn({ loops });
        const options = { host: '127.0.0.1', port: 0, backlog: BACKLOG };
        await using service = await serveHttp(group, makeApp, options);
        resolve({ port: service.port, pids: [process.pid] });
        await new Promise(() => undefined); // the process is ended from outside
      };
      run(main).catch(reject);
    });
}
