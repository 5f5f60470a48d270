import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { UsageError } from './errors.js';

export interface Options {
  /** The folder whose files are digested. */
  readonly dir: string;
  /** The number of serving loops. */
  readonly loops: number;
  /** The largest number of files. */
  readonly limit: number;
  /** The number of connections of the client, and so of files in flight. */
  readonly connections: number;
  readonly host: string;
  /** 0: the system picks one. */
  readonly port: number;
  /** Whether the loops serve HTTP. */
  readonly http: boolean;
  readonly json: boolean;
}

/** The largest number of loops that a LoopGroup spawns. */
const MOST_LOOPS = 32;
/** Each connection may hold half a MiB on either side: this limits the memory to a few hundred MiB. */
const MOST_CONNECTIONS = 256;
/**
 * The system spreads connections over the listening loops by a hash: with 8 connections per loop, it is rare that a
 * loop gets none.
 */
const CONNECTIONS_A_LOOP = 8;
const MOST_FILES = 10_000_000; // arbitrary: the list of names is kept in memory
const DEFAULT_FILES = 3000;

export const USAGE = `Usage: npm start [-- --dir PATH] [--loops N] [--limit N] [--connections N] [--host ADDRESS] [--port N] [--http] [--json]

Digests and compresses files in many event loops: each listens on one port in a thread of its own, a client
loop streams the files to them over TCP and checks every SHA-256 digest that comes back against its own.

  --dir PATH         folder to read, its subfolders included (default: the repository's node_modules)
                     regular files only; symbolic links, sockets and the like are passed over
  --limit N          files at most, in the order of their names (default: ${DEFAULT_FILES})
  --loops N          serving loops, 1 to ${MOST_LOOPS} (default: the number of cores, at least 2)
  --connections N    connections of the client, 1 to ${MOST_CONNECTIONS} (default: ${CONNECTIONS_A_LOOP} for each loop)
  --host ADDRESS     loopback address to listen on (default: 127.0.0.1)
  --port N           port to listen on (default: 0, the system picks one)
  --http             serve HTTP: PUT /digest with a file is answered in JSON
  --json             print one JSON object on standard output and nothing else
  --help             print this text

Ctrl-C lets the files in flight finish and prints what was done; a second one ends the command at once.

Exit codes:
  0    every digest was right
  1    a digest or a size was wrong; the files are named on standard error
  2    the command line, the folder, a file or the port is no good: a message on standard error says why;
       with --json, standard output gets { "ok": false, "error": message }
  70   a bug: its stack trace is on standard error
  130  ended by Ctrl-C
`;

/**
 * Returns null when the usage was asked for.
 * @throws {UsageError}
 */
export function parseOptions(args: readonly string[]): Options | null {
  const values = parse(args);
  if (values.help === true) return null;
  const loops = integer('loops', values.loops, { min: 1, max: MOST_LOOPS }) ?? defaultLoops();
  return {
    dir: folder(values.dir),
    loops,
    limit: integer('limit', values.limit, { min: 1, max: MOST_FILES }) ?? DEFAULT_FILES,
    connections:
      integer('connections', values.connections, { min: 1, max: MOST_CONNECTIONS }) ??
      Math.min(loops * CONNECTIONS_A_LOOP, MOST_CONNECTIONS),
    host: loopback(values.host ?? '127.0.0.1'),
    port: integer('port', values.port, { min: 0, max: 65_535 }) ?? 0,
    http: values.http === true,
    json: values.json === true,
  };
}

/** The return type is the one that parseArgs infers from the table. */
function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        dir: { type: 'string' },
        loops: { type: 'string' },
        limit: { type: 'string' },
        connections: { type: 'string' },
        host: { type: 'string' },
        port: { type: 'string' },
        http: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const [sentence = ''] = cause.message.split(/\.\s|\n/, 1); // the rest is advice on '--', of no use here
    throw new UsageError(sentence.replace(/\.$/, ''), { cause });
  }
}

function integer(name: string, text: string | undefined, range: { min: number; max: number }): number | null {
  if (text === undefined) return null;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= range.min && value <= range.max) return value;
  throw new UsageError(`--${name} must be an integer from ${range.min} to ${range.max}, got ${text}`);
}

function folder(dir: string | undefined): string {
  if (dir === '') throw new UsageError('--dir must not be empty');
  return dir ?? fileURLToPath(new URL('../../../../node_modules', import.meta.url));
}

/** Refuses all but loopback addresses: anybody who can connect can make the loops work. */
function loopback(host: string): string {
  if (host === 'localhost') return '127.0.0.1'; // a name with two addresses would open two ports
  if (host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))) return host;
  throw new UsageError(`--host must be a loopback address, got ${host}`);
}

function defaultLoops(): number {
  return Math.min(Math.max(availableParallelism(), 2), MOST_LOOPS);
}
