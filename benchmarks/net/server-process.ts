import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ContenderProcess } from '../harness/contender-process.js';
import { pythonLoops } from '../harness/python.js';
import type { Host } from './host.js';
import type { Listening } from './listening.js';
import type { Kind, ServerProgram } from './scenario.js';

/** `listen` is asked once; `collect` frees what is garbage. */
export type ServerQuestion = { ask: 'listen'; path?: string } | { ask: 'collect' };

let started = 0;

/** A server in a process of its own, which listens. */
export class ServerProcess {
  readonly name: string;
  readonly pids: readonly number[];
  /** As the load wants it. */
  readonly target: readonly string[];
  readonly #process: ContenderProcess<ServerQuestion, Listening>;

  private constructor(
    name: string,
    process: ContenderProcess<ServerQuestion, Listening>,
    target: Listening & { path?: string },
  ) {
    this.name = name;
    this.#process = process;
    this.pids = target.pids;
    this.target = target.path === undefined ? ['--tcp', String(target.port)] : ['--unix', target.path];
  }

  /** @param folder for the sockets that have a path. Rejects with ContenderError when the server ends instead. */
  static async start(
    server: ServerProgram,
    { kind, allCores = false, host, folder }: { kind: Kind; allCores?: boolean; host: Host; folder: string },
  ): Promise<ServerProcess> {
    const [command = '', ...args] = pinned(
      commandOf(server, host),
      allCores ? null : (host.cores?.[0] ?? null),
    );
    const process = new ContenderProcess<ServerQuestion, Listening>(server.name, command, args);
    const path = kind === 'unix' ? { path: join(folder, String(started++)) } : {};
    try {
      return new ServerProcess(server.name, process, {
        ...(await process.ask({ ask: 'listen', ...path })),
        ...path,
      });
    } catch (thrown) {
      await process.close();
      throw thrown;
    }
  }

  /** Bytes of memory that the server has now, after garbage is collected. */
  async weigh(): Promise<number> {
    await this.#process.ask({ ask: 'collect' });
    return this.pids.reduce((sum, pid) => sum + residentBytes(pid), 0);
  }

  close(): Promise<void> {
    return this.#process.close();
  }
}

/** Why a server cannot take part; null: it can. */
export function missing({ runtime }: ServerProgram, { python }: Host): string | null {
  if (runtime !== 'asyncio' && runtime !== 'uvloop') return null;
  if (python === null) return 'there is no python3';
  return pythonLoops(python).includes(runtime)
    ? null
    : `it is not installed for ${python.command} (Debian: python3-${runtime})`;
}

/** The command that runs on one core only; null: on any. */
export function pinned(command: readonly string[], core: number | null): readonly string[] {
  return core === null ? command : ['taskset', '-c', String(core), ...command];
}

function commandOf({ runtime, program }: ServerProgram, host: Host): string[] {
  if (runtime === 'c') return [host.epollServer, ...program];
  if (runtime === 'node') {
    return [
      process.execPath,
      '--expose-gc',
      fileURLToPath(new URL('./node-server.js', import.meta.url)),
      ...program,
    ];
  }
  return [host.python?.command ?? 'python3', '-B', host.pythonServer, runtime, ...program];
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? NaN) * 1024;
}
