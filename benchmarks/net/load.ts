import type { Host } from './host.js';
import { LoadProgram } from './load-program.js';
import type { Cell, LoadMode, LoadScenario } from './scenario.js';
import { pinned, type ServerProcess } from './server-process.js';

const WARM_UP_SECONDS = 0.2; // the connections are made before; the server's code is warm from a run that does not count

/** What happened within the measured time, as peers/net-load.c says it; times in seconds. */
export interface Measurement {
  readonly requests: number;
  readonly seconds: number;
  /** Processor time of the server, all of its threads and processes. */
  readonly user: number;
  readonly system: number;
  /** Processor time of the load. */
  readonly client: number;
  /** Datagrams that had to be sent again. */
  readonly lost: number;
  readonly p50: number;
  readonly p99: number;
}

/** Asks a server for `seconds`. Rejects with LoadError. */
export async function load(
  server: ServerProcess,
  cell: Cell,
  { scenario, seconds, host }: { scenario: LoadScenario; seconds: number; host: Host },
): Promise<Measurement> {
  const { mode, http } = scenario;
  const args = [
    ...['--seconds', String(seconds), '--warm-up', String(Math.min(WARM_UP_SECONDS, seconds / 2))],
    ...['--pids', server.pids.join(',')],
    ...(http === undefined ? [] : ['--path', http.path, '--body', http.body]),
  ];
  const program = startLoad(server, cell, { mode, args, host });
  const line = await program.line();
  await program.close();
  return JSON.parse(line) as Measurement; // our own program wrote it
}

/** Opens connections that are idle until close() is called. Rejects with LoadError. */
export async function hold(server: ServerProcess, cell: Cell, host: Host): Promise<LoadProgram> {
  const program = startLoad(server, cell, { mode: 'hold', args: [], host });
  await program.line();
  return program;
}

function startLoad(
  server: ServerProcess,
  { connections, size, depth }: Cell,
  { mode, args, host }: { mode: LoadMode; args: readonly string[]; host: Host },
): LoadProgram {
  const numbers = ['--connections', connections, '--size', size, '--depth', depth].map(String);
  const command = [host.load, mode, ...server.target, ...numbers, ...args];
  return new LoadProgram(pinned(command, host.cores?.[1] ?? null));
}
