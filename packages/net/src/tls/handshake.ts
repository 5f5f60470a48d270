import { isIP } from 'node:net';
import type { Socket as NodeSocket } from 'node:net';
import { connect, Server as TlsServer, type TLSSocket } from 'node:tls';
import { InternalError } from '@ringloop/core';
import { LONGEST_TIMER_MS, OUTSIDE, toError } from '@ringloop/core/internal';
import { SslError } from '../errors.js';
import { ECONNABORTED, ECONNRESET } from '../libc/syscalls.js';
import { isSystemError, rephrased, systemError } from '../libc/system-error.js';
import { LateAnswer } from '../late-answer.js';
import { NET, type NetLoop } from '../loop-net.js';
import { HandleStream } from '../node-handles/handle-stream.js';
import { nodeSocketOf } from '../node-handles/node-socket-of.js';
import { addressOrNull } from '../sockets/address-or-null.js';
import type { ConnectedSocket } from '../sockets/socket-like.js';
import { moved, Socket } from '../sockets/socket.js';
import type { TlsClientPlan, TlsPlan } from './ssl-options.js';
import { TlsStream } from './tls-stream.js';

/** A connection that is to be encrypted. */
export interface Plain {
  readonly sock: ConnectedSocket;
  /** What was not sent yet, in the clear. */
  readonly unsent?: Uint8Array;
  /** What has come in already, and belongs to the handshake. */
  readonly received?: Uint8Array;
}

/** Makes the handshake of a client. Rejects as `shake()`. */
export function shakeAsClient(loop: NetLoop, plain: Plain, plan: TlsClientPlan): Promise<TlsStream> {
  return shake(loop, plain, plan, (raw, done) => {
    const { hostname, options, context } = plan;
    const name =
      hostname === ''
        ? { checkServerIdentity: () => undefined } // only the name: everything else is checked
        : isIP(hostname) === 0
          ? { servername: hostname }
          : { host: hostname }; // an address is no name to ask for, but the certificate must have it
    const socket = connect({ ...options, ...name, socket: raw, secureContext: context }, () =>
      done(null, socket),
    );
    socket.once('error', (error) => done(error, socket));
    socket.once('close', () => done(null, null));
    return socket;
  });
}

/**
 * Makes the handshakes of servers. One server of Node's for each set of options, which never listens: it knows all that a handshake
 * needs (names, certificates of clients, tickets).
 */
const acceptors = new WeakMap<object, Acceptor>();

/** Makes the handshake of a server. Rejects as `shake()`. */
export function shakeAsServer(loop: NetLoop, plain: Plain, plan: TlsPlan): Promise<TlsStream> {
  let acceptor = acceptors.get(plan.context);
  if (acceptor === undefined) acceptors.set(plan.context, (acceptor = new Acceptor(plan)));
  const { server, waiting } = acceptor;
  return shake(loop, plain, plan, (raw, done) => {
    raw.allowHalfOpen = false; // or nobody would notice that a client is gone in the middle of its handshake
    waiting.set(raw, done);
    raw.once('close', () => {
      waiting.delete(raw);
      done(null, null);
    });
    server.emit('connection', raw);
    return null;
  });
}

type Done = (error: Error | null, socket: TLSSocket | null) => void;

class Acceptor {
  readonly server: TlsServer;
  readonly waiting = new Map<NodeSocket, Done>();

  constructor({ context, options }: TlsPlan) {
    this.server = new TlsServer({ ...options, handshakeTimeout: LONGEST_TIMER_MS });
    // Not made again of the same options: that takes longer than a handshake.
    Object.assign(this.server, { _sharedCreds: context });
    this.server.on('secureConnection', (socket: TLSSocket) => {
      socket.allowHalfOpen = true; // an answer to the end of the client's stream may still be sent
      this.#take(socket)?.(null, socket);
    });
    this.server.on('tlsClientError', (error, socket) => this.#take(socket)?.(error, socket));
  }

  #take(socket: TLSSocket): Done | undefined {
    const { _parent: raw } = socket as unknown as { _parent?: NodeSocket }; // Node tells nowhere else
    if (raw === undefined) throw new InternalError('Node does not tell which connection was encrypted');
    const done = this.waiting.get(raw);
    this.waiting.delete(raw);
    return done;
  }
}

/**
 * Gives the connection to Node, and waits for the handshake. `begin` calls back once it is over, or with neither error nor socket when
 * the connection is gone. Whatever goes wrong, the connection is closed. Rejects with
 * - what OpenSSL or the check of the certificate says, a SslError with Node's code;
 * - a system error ECONNABORTED after `handshakeTimeout`, ECONNRESET when the peer has closed the connection.
 */
async function shake(
  loop: NetLoop,
  { sock, unsent, received }: Plain,
  plan: TlsPlan,
  begin: (raw: NodeSocket, done: Done) => TLSSocket | null,
): Promise<TlsStream> {
  const family = sock.family;
  const established = {
    sockname: addressOrNull(() => sock.getsockname()),
    peername: addressOrNull(() => sock.getpeername()),
  };
  const raw = nodeSocketFrom(sock);
  const answer = new LateAnswer<TLSSocket>(loop);
  const reported = loop[OUTSIDE].track('thread'); // it comes from outside: the loop is not deadlocked, and virtual time waits
  const attempt = { abandon: () => void raw.destroy() };
  const { handshakeTimeout: limit } = plan;
  const timer = loop.callLater(limit, () => {
    const message = `SSL handshake is taking longer than ${limit} seconds: aborting the connection`;
    answer.reject(rephrased(systemError('handshake', ECONNABORTED), message));
  });
  loop[NET].opened(attempt);
  raw.on('error', (error) => answer.reject(error));
  let encrypted: TLSSocket | null = null;
  try {
    if (unsent !== undefined && unsent.byteLength > 0) raw.write(unsent);
    if (received !== undefined && received.byteLength > 0) raw.unshift(received);
    encrypted = begin(raw, (error, socket) => {
      encrypted = socket ?? encrypted;
      if (error !== null) answer.reject(handshakeError(error));
      else if (socket === null) answer.reject(systemError('handshake', ECONNRESET));
      else {
        socket.pause(); // nothing is read before somebody watches
        answer.resolve(socket);
      }
    });
    const socket = await answer.future;
    return new TlsStream(loop, loop[NET].nodeHandles, socket, { ...plan, family, established });
  } catch (thrown) {
    (encrypted as TLSSocket | null)?.on('error', () => undefined); // it is being destroyed: nobody asks why any more
    (encrypted as TLSSocket | null)?.destroy();
    raw.destroy();
    throw thrown;
  } finally {
    timer.cancel();
    reported();
    loop[NET].closed(attempt);
  }
}

function nodeSocketFrom(sock: ConnectedSocket): NodeSocket {
  if (sock instanceof Socket) return nodeSocketOf(moved(sock), { allowHalfOpen: true });
  if (sock instanceof HandleStream) return sock.release();
  throw new InternalError('A connection is neither a socket nor one of Node’s handles');
}

function handshakeError(thrown: unknown): Error {
  const error = toError(thrown);
  if (isSystemError(error)) return error;
  const { code } = error as { code?: unknown };
  if (code === 'ECONNRESET') return systemError('handshake', ECONNRESET);
  return new SslError(error.message, typeof code === 'string' ? code : 'ERR_SSL', { cause: error });
}
