import type { Awaitable } from '@ringloop/core';
import { startFunction } from '@ringloop/core/internal';
import { type ConnectionOptions, createConnection } from '../connect/create-connection.js';
import { createUnixConnection, type UnixConnectionOptions } from '../connect/create-unix-connection.js';
import type { NetLoop } from '../loop-net.js';
import type { ProtocolFactory } from '../transports/protocol.js';
import type { Transport } from '../transports/transport.js';
import { runningNetLoop } from './running-net-loop.js';
import type { StreamLimit } from './stream-limit.js';
import { StreamReader } from './stream-reader.js';
import { StreamReaderProtocol } from './stream-reader-protocol.js';
import { StreamWriter } from './stream-writer.js';
import { checkOptions } from '../sockets/check-options.js';

/** Options of `openConnection()`: those of `createConnection()`, and the limit of the reader. */
export interface OpenConnectionOptions extends ConnectionOptions, StreamLimit {}

/** Options of `openUnixConnection()`: those of `createUnixConnection()`, and the limit of the reader. */
export interface OpenUnixConnectionOptions extends UnixConnectionOptions, StreamLimit {}

/** The two ends of a connection that are ours: what comes in, and what goes out. */
export type Streams = [reader: StreamReader, writer: StreamWriter];

/**
 * Connects to a TCP server, in the running loop. When cancelled, it leaves no connection behind. Rejects as `createConnection()`, with
 * RangeError or TypeError for a wrong limit, and with LoopStateError ERR_NO_RUNNING_LOOP. Python: asyncio.open_connection().
 */
export function openConnection(options: OpenConnectionOptions): Awaitable<Streams> {
  return startFunction(
    async () => {
      const loop = runningNetLoop('openConnection');
      checkOptions(options);
      return open(loop, options, (factory) => createConnection(loop, factory, options));
    },
    { discard },
  );
}

/**
 * Connects to a Unix socket, in the running loop. When cancelled, it leaves no connection behind. Rejects as `createUnixConnection()`,
 * and as `openConnection()`. Python: asyncio.open_unix_connection().
 */
export function openUnixConnection(options: OpenUnixConnectionOptions): Awaitable<Streams> {
  return startFunction(
    async () => {
      const loop = runningNetLoop('openUnixConnection');
      checkOptions(options);
      return open(loop, options, (factory) => createUnixConnection(loop, factory, options));
    },
    { discard },
  );
}

async function open(
  loop: NetLoop,
  { limit }: StreamLimit,
  connect: (factory: ProtocolFactory) => Promise<readonly [Transport, unknown]>,
): Promise<Streams> {
  const reader = new StreamReader({ limit: limit ?? null, loop }); // first: it checks the limit
  const protocol = new StreamReaderProtocol(reader, { loop });
  const [transport] = await connect(() => protocol);
  return [reader, new StreamWriter(transport, protocol, { reader })];
}

function discard([, writer]: Streams): void {
  writer.transport.abort();
}
