import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { LoopGroup as Group, LoopRef } from '@ringloop/threadsafe';
import { type EventLoop, getRunningLoop } from '../event-loop.js';
import { LoopGroup } from '../loop-group.js';
import { isSystemError } from '@ringloop/net/internal';
import { serveHttp } from '../serving/serve-http.js';
import { type Destination, stopStreaming, streamFiles, type Streamed } from './client.js';
import { prepareService, startService, stopService } from './digest-service.js';
import { CommandError } from './errors.js';
import { digestApplication } from './http-service.js';
import { reasonOf } from './list-files.js';
import { loopActivity } from './loop-activity.js';
import type { Options } from './options.js';
import { makeReport, type Report, type ServingLoop } from './report.js';
import { keepTally, Tally } from './tally.js';

export interface RunOptions extends Omit<Options, 'dir' | 'limit' | 'json'> {
  /** When it is aborted, no further file is begun. */
  readonly signal: AbortSignal;
  /** Called with the number of files done. */
  readonly onFile: (files: number) => void;
  readonly onMismatch: (path: string) => void;
}

/**
 * Starts the loops, makes the client stream the files to them, and returns a report. Call it in the main loop. Rejects
 * with CommandError when a file cannot be read or the port is taken.
 */
export async function digestFiles(files: readonly string[], options: RunOptions): Promise<Report> {
  const loop = getRunningLoop();
  const before = performance.eventLoopUtilization();
  const tally = new Tally(options.loops, options.onFile);
  keepTally(loop, tally);
  if (!options.http) await checkPort(loop, options);
  await using group = await LoopGroup.spawn({ loops: options.loops, name: 'serve' });
  await using clients = await LoopGroup.spawn({ loops: 1, name: 'client' });
  await prepare(loop, group, options.loops);
  await using service = options.http ? await serveByHttp(group, options) : await serveByTcp(group, options);
  const { host, connections, http, signal } = options;
  const { port } = service;
  const streamed = await streamFrom(clients.next(), files, { host, port, connections, http, signal });
  streamed.mismatches.forEach(options.onMismatch);
  const loops = await stopServing(group, tally);
  if (streamed.failure !== null) throw new CommandError(streamed.failure);
  return makeReport({ streamed, interrupted: signal.aborted, loops, main: loopActivity(loop, before) });
}

/**
 * Opens the port for a moment without SO_REUSEPORT, which fails if another program uses the port. Our loops share it
 * with each other by SO_REUSEPORT, and would otherwise also share it with such a program.
 */
async function checkPort(loop: EventLoop, { host, port, loops }: RunOptions): Promise<void> {
  try {
    const server = await loop.createServer(() => ({}), { host, port, startServing: false });
    server.close();
  } catch (cause) {
    throw cannotListen({ host, port }, cause);
  }
  if (loops > 1) await checkSharing(loop, host);
}

/** Without epoll, ports cannot be shared everywhere. */
async function checkSharing(loop: EventLoop, host: string): Promise<void> {
  try {
    const server = await loop.createServer(() => ({}), {
      host,
      port: 0,
      reusePort: true,
      startServing: false,
    });
    server.close();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException; // or something without a code
    if (code !== 'ERR_INVALID_ARG_VALUE') throw cause;
    throw new CommandError(`Cannot share a port between loops, use --loops 1: ${message}`, { cause });
  }
}

function cannotListen({ host, port }: { host: string; port: number }, cause: unknown): CommandError {
  return new CommandError(`Cannot listen on ${host}, port ${port}: ${portTrouble(cause)}`, { cause });
}

function portTrouble(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException; // or something without a code
  return code === 'EADDRINUSE' ? 'the port is in use' : reasonOf(cause);
}

async function prepare(main: EventLoop, group: Group, loops: number): Promise<void> {
  const executorThreads = Math.max(Math.round(availableParallelism() / loops), 1);
  await Promise.all(
    group.loops.map((ref, index) =>
      ref.runCoroutineThreadsafe(prepareService, index, main.ref(), { executorThreads }),
    ),
  );
}

/** Where the loops listen. They are stopped by `stopServing()`. */
interface Listening extends AsyncDisposable {
  readonly port: number;
}

/** The first loop opens the port, the others share it. */
async function serveByTcp(group: Group, { host, port, connections, loops }: RunOptions): Promise<Listening> {
  let shared = port;
  for (const ref of group.loops)
    shared = await ref.runCoroutineThreadsafe(startService, {
      host,
      port: shared,
      backlog: connections,
      // A single loop shares its port with nobody, and so needs nothing that Node's own handles may lack.
      reusePort: loops > 1,
    });
  return { port: shared, [Symbol.asyncDispose]: () => Promise.resolve() }; // stopService() closes the servers
}

async function serveByHttp(group: Group, { host, port }: RunOptions): Promise<Listening> {
  try {
    return await serveHttp(group, digestApplication, { host, port });
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw cannotListen({ host, port }, cause);
  }
}

async function streamFrom(
  client: LoopRef,
  files: readonly string[],
  { signal, ...destination }: Destination & { signal: AbortSignal },
): Promise<Streamed> {
  const stop = (): void => void client.callSoonThreadsafe(stopStreaming);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  try {
    return await client.runCoroutineThreadsafe(streamFiles, files, destination);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/**
 * Stops all loops. The tally of a loop is complete when the loop has answered: it had made its calls to `noteFile()` by
 * then, and they were scheduled in our loop before the answer.
 */
async function stopServing(group: Group, tally: Tally): Promise<ServingLoop[]> {
  const activities = await Promise.all(
    group.loops.map(async (ref, index) => ({
      index,
      name: ref.name,
      activity: await ref.runCoroutineThreadsafe(stopService),
    })),
  );
  const none = { files: 0, bytes: 0, compressedBytes: 0 };
  return activities.map(({ index, name, activity }) => ({
    name,
    ...(tally.counts[index] ?? none),
    ...activity,
  }));
}
