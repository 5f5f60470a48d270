import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { BaseEventLoop } from '@ringloop/core';
import { PiscinaExecutor } from '@ringloop/executor';
import type { Server } from '@ringloop/net';
import { type LoopRef, remote } from '@ringloop/threadsafe';
import { getRunningLoop } from '../event-loop.js';
import { Compressor } from './compressor.js';
import { DigestConnection } from './digest-connection.js';
import { type LoopActivity, loopActivity } from './loop-activity.js';
import type { ServiceParts } from './service-parts.js';
import { noteFile } from './tally.js';

export interface ExecutorOptions {
  /** Threads of the loop's executor. */
  readonly executorThreads: number;
}

export interface ServiceOptions {
  readonly host: string;
  readonly port: number;
  /** Connections to expect. */
  readonly backlog: number;
}

export interface ServiceActivity extends LoopActivity {
  readonly executorTasks: number;
}

interface DigestService extends ServiceParts {
  readonly before: EventLoopUtilization;
  /** Null where somebody else accepts the connections. */
  server: Server | null;
}

const services = new WeakMap<BaseEventLoop, DigestService>();

/** @throws {Error} when the loop does not serve */
export function serviceOf(loop: BaseEventLoop): ServiceParts {
  return must(loop);
}

/** Makes the called loop ready to serve, as number `index`. It will report each file to the loop `main`. */
export const prepareService = remote(
  import.meta.url,
  function prepareService(index: number, main: LoopRef, { executorThreads }: ExecutorOptions): void {
    const loop = getRunningLoop();
    loop.setDefaultExecutor(new PiscinaExecutor({ maxThreads: executorThreads }));
    services.set(loop, {
      compressor: new Compressor(loop),
      onFile: ({ bytes, compressedBytes }) =>
        main.callSoonThreadsafe(noteFile, index, bytes, compressedBytes),
      before: performance.eventLoopUtilization(),
      server: null,
    });
  },
);

/** Starts serving in the called loop, which is ready, and returns the port. */
export const startService = remote(
  import.meta.url,
  async function startService({ host, port, backlog }: ServiceOptions): Promise<number> {
    const loop = getRunningLoop();
    const service = must(loop);
    const connect = (): DigestConnection => new DigestConnection(service);
    service.server = await loop.createServer(connect, { host, port, backlog, reusePort: true });
    return portOf(service.server);
  },
);

/**
 * Stops serving in the called loop, and returns what it did. Our client has left by now; other connections are aborted.
 */
export const stopService = remote(import.meta.url, async function stopService(): Promise<ServiceActivity> {
  const loop = getRunningLoop();
  const { before, server, compressor } = must(loop);
  const activity = loopActivity(loop, before); // measured first: closing is not part of the work
  server?.close();
  server?.abortClients();
  await server?.waitClosed();
  return { ...activity, executorTasks: compressor.tasks };
});

function must(loop: BaseEventLoop): DigestService {
  const service = services.get(loop);
  if (service === undefined) throw new Error(`Cannot find the service: loop "${loop.name}" does not serve`);
  return service;
}

function portOf(server: Server): number {
  const address = server.sockets?.[0]?.getsockname();
  if (typeof address !== 'object') throw new Error('Cannot tell the port: the server has no TCP socket');
  return address.port;
}
