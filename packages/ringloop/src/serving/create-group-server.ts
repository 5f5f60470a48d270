import { InternalError } from '@ringloop/core';
import { typeError } from '@ringloop/core/internal';
import {
  type StreamProtocol,
  type SelectorEventLoop,
  Server,
  type ServerOptions,
  Socket,
  type SocketAddress,
} from '@ringloop/net';
import { bindServer, NET } from '@ringloop/net/internal';
import { sendableTls } from './sendable-tls.js';
import type { LoopGroup, RemoteFunction } from '@ringloop/threadsafe';
import { remoteIdOf } from '@ringloop/threadsafe/internal';
import { checkDistribute, checkGroup, type Distribute } from './distribute.js';
import type { HostKind } from './make-host.js';
import type { ListeningSpec } from './open-listener.js';
import { RemoteLoops } from './remote-loops.js';

/** Makes the protocol of one connection, in whatever thread has the connection: made by `remote()` or `remoteModule()`. */
export type RemoteProtocolFactory = RemoteFunction<[], StreamProtocol>;

/** Where and how a group serves. */
export interface DistributionOptions extends ServerOptions {
  /** How the connections get to the loops of the group; 'round-robin' by default. See `Distribute`. */
  readonly distribute?: Distribute;
}

/** Options of `createServer()` for a server whose connections are served by the loops of a group. */
export interface GroupServerOptions extends DistributionOptions {
  /** The loops that serve the connections. */
  readonly group: LoopGroup;
}

/** Opens a server whose connections the loops of a group serve. See `EventLoop.createServer()`. */
export async function createGroupServer(
  loop: SelectorEventLoop,
  protocolFactory: RemoteProtocolFactory,
  { group, ...options }: GroupServerOptions,
): Promise<Server> {
  const [server] = await openGroupServer(loop, group, protocolFactory, { ...options, kind: 'protocol' });
  return server;
}

/** Opens the stations and the sockets. Rejects with nothing left open. */
export async function openGroupServer(
  loop: SelectorEventLoop,
  group: LoopGroup,
  factory: RemoteFunction,
  options: DistributionOptions & { readonly kind: HostKind },
): Promise<[Server, RemoteLoops]> {
  loop[NET].checkOpen();
  loop[NET].checkEpoll('createServer() with a group');
  checkGroup(group);
  const id = remoteIdOf(factory);
  const { distribute = 'round-robin', kind } = options;
  checkDistribute(distribute);
  const tls = sendableTls(options);
  const reusePort = distribute === 'reuse-port';
  if (reusePort && options.sock != null) {
    throw typeError('sock can not be distributed by reuse-port', 'ERR_INVALID_ARG_VALUE');
  }
  const { sockets, backlog } = await bindServer(loop, reusePort ? { ...options, reusePort } : options);
  const own = sockets.filter((sock) => sock instanceof Socket); // all of them: the loop has epoll
  const listening = own.map((sock) =>
    reusePort ? addressOf(sock, options.keepAlive === true) : { shared: sock.ticket() },
  );
  const loops = new RemoteLoops(loop, group, { kind, factory: id, tls, distribute, listening, backlog });
  const server = new Server(loop, sockets, {
    protocolFactory: notHere,
    backlog,
    remoteClients: loops,
  });
  try {
    await loops.open();
    if (options.startServing !== false) await server.startServing();
    return [server, loops];
  } catch (thrown) {
    server.close();
    throw thrown;
  }
}

function addressOf(sock: Socket, keepAlive: boolean): ListeningSpec {
  const address = sock.getsockname() as SocketAddress; // bindServer() binds no other families
  return { address, family: sock.family, keepAlive };
}

/** Stands for the factory, which is in the other loops. */
function notHere(): never {
  throw new InternalError('The connections of this server are served by other loops');
}
