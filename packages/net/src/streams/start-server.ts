import type { Awaitable } from '@ringloop/core';
import { startFunction } from '@ringloop/core/internal';
import type { NetLoop } from '../loop-net.js';
import { createServer, type ServerOptions } from '../server/create-server.js';
import { createUnixServer, type UnixServerOptions } from '../server/create-unix-server.js';
import type { Server } from '../server/server.js';
import type { ProtocolFactory } from '../transports/protocol.js';
import { runningNetLoop } from './running-net-loop.js';
import { checkHandler, type OnConnection } from './start-handler.js';
import { limitOf, type StreamLimit } from './stream-limit.js';
import { StreamReader } from './stream-reader.js';
import { StreamReaderProtocol } from './stream-reader-protocol.js';
import { checkOptions } from '../sockets/check-options.js';

/** Options of `startServer()`: those of `createServer()`, and the limit of the readers. */
export interface StartServerOptions extends ServerOptions, StreamLimit {}

/** Options of `startUnixServer()`: those of `createUnixServer()`, and the limit of the readers. */
export interface StartUnixServerOptions extends UnixServerOptions, StreamLimit {}

/**
 * Opens a TCP server in the running loop, which calls `onConnection(reader, writer)` for each connection, in a task of its own. When
 * cancelled, it leaves no server behind. Rejects as `createServer()`, with RangeError or TypeError for a wrong limit, and with
 * LoopStateError ERR_NO_RUNNING_LOOP. Python: asyncio.start_server().
 */
export function startServer(onConnection: OnConnection, options: StartServerOptions): Awaitable<Server> {
  return startFunction(
    async () => {
      const loop = runningNetLoop('startServer');
      return createServer(loop, streamsFor(loop, onConnection, options), options);
    },
    { discard },
  );
}

/**
 * Opens a server on a Unix socket in the running loop, as `startServer()` does. Rejects as `createUnixServer()`, and as `startServer()`.
 * Python: asyncio.start_unix_server().
 */
export function startUnixServer(
  onConnection: OnConnection,
  options: StartUnixServerOptions,
): Awaitable<Server> {
  return startFunction(
    async () => {
      const loop = runningNetLoop('startUnixServer');
      return createUnixServer(loop, streamsFor(loop, onConnection, options), options);
    },
    { discard },
  );
}

/** Makes the protocol of each connection. Checks the arguments now, so that they need not fail each connection. */
function streamsFor(loop: NetLoop, onConnection: OnConnection, options: StreamLimit): ProtocolFactory {
  checkHandler(onConnection);
  checkOptions(options);
  const limit = limitOf(options);
  return () => new StreamReaderProtocol(new StreamReader({ limit, loop }), { onConnection, loop });
}

function discard(server: Server): void {
  server.close();
}
