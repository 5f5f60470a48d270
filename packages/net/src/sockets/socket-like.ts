import type { Socket } from './socket.js';
import type { AddressInput, SocketAddress } from './sockaddr.js';

/** What can be seen of the socket of a transport or a server: a Socket, or one of Node's handles. */
export interface SocketView {
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  /** The number under which the selector of the loop knows it: the descriptor, if we have it. -1 once it is closed. */
  fileno(): number;
  dup(): Socket;
  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void;
  getsockopt(level: number, name: number): number;
  getsockopt(level: number, name: number, bytes: number): Buffer;
  getsockname(): SocketAddress | string;
  getpeername(): SocketAddress | string;
  /** What `getExtraInfo()` tells beside the addresses; undefined for what it does not know. */
  extraInfo?(name: string): unknown;
  close(): void;
}

/** A connection. Its calls never wait: they return -EAGAIN, and the selector tells when to call again. */
export interface ConnectedSocket extends SocketView {
  /** Returns the number of bytes, 0 at the end of the stream, or `-errno`. */
  tryRecvInto(buffer: Uint8Array): number;
  /**
   * Returns how many bytes were taken, or `-errno`. Where fewer than all were taken, the next call must begin with the first byte
   * that was not: it may be on its way already.
   */
  trySend(data: Uint8Array): number;
  /** The same for several buffers, none of which is empty. */
  trySendAll(buffers: readonly Uint8Array[]): number;
  tryShutdown(how: number): number;
  /** False where only both sides of the stream can end, as with TLS; true by default. */
  readonly hasHalfClose?: boolean;
  /** Why it is broken, where an errno does not say it. */
  readonly brokenBy?: Error | null;
  /** The default high-water mark of its transport, in bytes, if it has one of its own. */
  readonly highWater?: number | null;
  /**
   * Ends the connection in order, when everything is sent and before it is closed. Where it has to wait for the peer, the selector
   * tells by the writer when to call again. Returns null when it is done, or why it cannot be.
   */
  tryFinish?(): 'pending' | Error | null;
}

/** A socket that is going to be connected. */
export interface ConnectingSocket extends ConnectedSocket {
  bind(address: AddressInput): void;
  tryConnect(address: AddressInput): number;
}

/** A socket that accepts connections. */
export interface ListeningSocket extends SocketView {
  listen(backlog: number): void;
  tryAccept(): [ConnectedSocket, SocketAddress | string] | number;
}

/** A socket of datagrams. The calls return `-errno` where they fail. */
export interface DatagramSocket extends SocketView {
  tryRecvfromInto(buffer: Uint8Array): [number, SocketAddress | string] | number;
  trySend(data: Uint8Array): number;
  trySendto(data: Uint8Array, address: AddressInput): number;
}
