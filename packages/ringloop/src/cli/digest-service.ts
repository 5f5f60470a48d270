import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { BaseEventLoop } from '@ringloop/core';
import { PiscinaExecutor } from '@ringloop/executor';
import type { Server } from '@ringloop/net';
import { type LoopRef, remote } from '@ringloop/threadsafe';
import { getRunningLoop } from '../event-loop.js';
import { Compressor } from './compressor.js';
import { DigestConnection } from './digest-connection.js';
import { type LoopActivity, loopActivity } from './loop-activity.js';
import { noteFile } from './tally.js';

export interface ServiceOptions {
  readonly host: string;
  readonly port: number;
  /** Connections to expect. */
  readonly backlog: number;
  /** Whether other loops share the port. */
  readonly reusePort: boolean;
  /** Threads of the loop's executor. */
  readonly executorThreads: number;
}

export interface ServiceActivity extends LoopActivity {
  readonly executorTasks: number;
}

interface DigestService {
  readonly server: Server;
  readonly compressor: Compressor;
  readonly before: EventLoopUtilization;
}

const services = new WeakMap<BaseEventLoop, DigestService>();

/** Starts serving in the called loop, as number `index`, and returns the port. Reports each file to the loop `main`. */
export const startService = remote(
  import.meta.url,
  async function startService(index: number, main: LoopRef, options: ServiceOptions): Promise<number> {
    const { host, port, backlog, reusePort, executorThreads } = options;
    const loop = getRunningLoop();
    loop.setDefaultExecutor(new PiscinaExecutor({ maxThreads: executorThreads }));
    const compressor = new Compressor(loop);
    const connect = (): DigestConnection =>
      new DigestConnection({
        compressor,
        onFile: ({ bytes, compressedBytes }) =>
          main.callSoonThreadsafe(noteFile, index, bytes, compressedBytes),
      });
    const server = await loop.createServer(connect, { host, port, backlog, reusePort });
    services.set(loop, { server, compressor, before: performance.eventLoopUtilization() });
    return portOf(server);
  },
);

/**
 * Stops serving in the called loop, and returns what it did. Our client has left by now; other connections are aborted.
 */
export const stopService = remote(import.meta.url, async function stopService(): Promise<ServiceActivity> {
  const loop = getRunningLoop();
  const service = services.get(loop);
  if (service === undefined) throw new Error(`Cannot stop serving: loop "${loop.name}" does not serve`);
  const activity = loopActivity(loop, service.before); // measured first: closing is not part of the work
  service.server.close();
  service.server.abortClients();
  await service.server.waitClosed();
  return { ...activity, executorTasks: service.compressor.tasks };
});

function portOf(server: Server): number {
  const address = server.sockets?.[0]?.getsockname();
  if (typeof address !== 'object') throw new Error('Cannot tell the port: the server has no TCP socket');
  return address.port;
}
