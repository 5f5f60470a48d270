import { getRunningLoop, LoopGroup, serveHttp } from 'ringloop';
import { activity, makeApp } from './app.js';

/** What the service has done when it is over. */
export interface Served {
  readonly signal: string;
  readonly requests: number;
  readonly reloads: number;
}

/** Serves in `loops` loops until SIGTERM or Ctrl-C, then finishes what has begun. @param ready is told the port */
export async function serve(loops: number, ready: (port: number) => void): Promise<Served> {
  const loop = getRunningLoop();
  await using group = await LoopGroup.spawn({ loops, name: 'web' });
  await using service = await serveHttp(group, makeApp, { host: '127.0.0.1', port: 0 });

  const asked = loop.createFuture<string>();
  const onSignal = (signal: string): void => {
    if (!asked.done()) asked.setResult(signal);
    else void service.close({ timeout: 0 }); // the second time: do not wait for anybody
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) loop.addSignalHandler(signal, onSignal, signal);

  ready(service.port);
  const signal = await asked;

  await service.close({ timeout: 10 }); // accepts no more, and sends all answers that have begun
  const done = await Promise.all(group.loops.map((ref) => ref.runCoroutineThreadsafe(activity)));
  return {
    signal,
    requests: done.reduce((sum, { requests }) => sum + requests, 0),
    reloads: done.reduce((sum, { reloads }) => sum + reloads, 0),
  };
}
