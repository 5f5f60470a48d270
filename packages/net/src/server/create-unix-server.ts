import { lstatSync, type Stats, unlinkSync } from 'node:fs';
import { checkCallback, typeError } from '@ringloop/core/internal';
import { serverPlan, type TlsCallOptions } from '../tls/ssl-options.js';
import { AF_UNIX, SOCK_STREAM } from '../libc/linux-abi.js';
import { isSystemError, rephrased } from '../libc/system-error.js';
import { NET, type NetLoop } from '../loop-net.js';
import { checkInt } from '../sockets/check-int.js';
import { Socket } from '../sockets/socket.js';
import type { ListeningSocket } from '../sockets/socket-like.js';
import { listenAt } from './listen-at.js';
import { takeOverListener } from './take-over-listener.js';
import {
  checkUnixStreamSocket,
  codeOf,
  isAbstract,
  removeStaleSocket,
  type UnixPath,
  unixPath,
} from '../sockets/unix-path.js';
import type { ProtocolFactory } from '../transports/protocol.js';
import { Server } from './server.js';

/** Options of `createUnixServer()`: where to listen. Give either `path` or `sock`, never both. */
export interface UnixServerOptions extends TlsCallOptions {
  readonly path?: UnixPath | null;
  /** A bound socket to use instead of a path. The server owns it from now on. */
  readonly sock?: Socket | null;
  /** Connections that may wait to be accepted; 100 by default. */
  readonly backlog?: number;
  /** False to accept nothing before `startServing()` or `serveForever()`; true by default. */
  readonly startServing?: boolean;
  /** False to leave the socket's file when the server is closed; true by default. A file that another server has made since is left. */
  readonly cleanupSocket?: boolean;
}

/**
 * Listens on a Unix socket. A socket's file that is left at the path is removed first, any other file is not. Rejects with TypeError
 * when options contradict each other, and with the system's error: EADDRINUSE when something else is at the path. Python:
 * loop.create_unix_server().
 */
export async function createUnixServer(
  loop: NetLoop,
  protocolFactory: ProtocolFactory,
  options: UnixServerOptions,
): Promise<Server> {
  loop[NET].checkOpen();
  checkCallback(protocolFactory, 'createUnixServer');
  const tls = serverPlan(options);
  const { path = null, sock = null, backlog = 100, cleanupSocket = true } = options;
  checkInt(backlog, 'backlog', { min: 0 });
  if (path !== null && sock !== null) {
    throw typeError('path and sock can not be specified at the same time', 'ERR_INVALID_ARG_VALUE');
  }
  if (path === null && sock === null) {
    throw typeError('path was not specified, and no sock specified', 'ERR_INVALID_ARG_VALUE');
  }
  if (sock !== null) checkUnixStreamSocket(sock);
  const listening =
    sock === null ? await bindTo(loop, unixPath(path), backlog) : await takeOverListener(loop, sock, backlog);
  const onClose = cleanupSocket ? unlinkerOrClose(listening, sock) : null;
  const server = new Server(loop, [listening], { protocolFactory, backlog, onClose, tls });
  if (options.startServing !== false) server.listenOrClose();
  return server;
}

async function bindTo(loop: NetLoop, path: string, backlog: number): Promise<ListeningSocket> {
  removeStaleSocket(path);
  const { handles } = loop[NET];
  try {
    return handles === null ? bound(path) : await listenAt(loop, handles, path, backlog);
  } catch (thrown) {
    if (!isSystemError(thrown) || thrown.code !== 'EADDRINUSE') throw thrown;
    throw rephrased(thrown, `Address '${path}' is already in use`);
  }
}

function bound(path: string): Socket {
  const sock = new Socket(AF_UNIX, SOCK_STREAM);
  try {
    sock.bind(path);
    return sock;
  } catch (thrown) {
    sock.close();
    throw thrown;
  }
}

/** Does what `unlinkerOf()` does, and closes the socket if that fails, unless the caller has given it. */
function unlinkerOrClose(sock: ListeningSocket, given: Socket | null): (() => void) | null {
  try {
    return unlinkerOf(sock);
  } catch (thrown) {
    if (given === null) sock.close();
    throw thrown;
  }
}

/** What removes the socket's file, if it is still the same. Null: it has none. */
function unlinkerOf(sock: ListeningSocket): (() => void) | null {
  const path = sock.getsockname();
  if (typeof path !== 'string' || path === '' || isAbstract(path)) return null;
  const made = tryStat(path);
  if (made === null) return null;
  return () => {
    const found = tryStat(path);
    if (found?.ino !== made.ino || found.dev !== made.dev) return;
    try {
      unlinkSync(path);
    } catch (thrown) {
      if (codeOf(thrown) === 'ENOENT') return; // somebody else has removed it meanwhile
      process.emitWarning(`Unable to clean up listening UNIX socket '${path}': ${String(thrown)}`);
    }
  };
}

function tryStat(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}
