import { Handle } from '@ringloop/core';
import { isSystemError, type SystemError } from '../libc/system-error.js';
import { type Abandonable, type LoopNet, NET, type NetLoop } from '../loop-net.js';
import type { Direction } from '../selector/loop-selector.js';
import type { SocketAddress } from '../sockets/sockaddr.js';
import type { SocketView } from '../sockets/socket-like.js';
import { SocketFacts } from './socket-facts.js';

/** The socket of a transport: known to the loop, watched there, and closed once. */
export class OwnedSocket {
  readonly facts: SocketFacts;
  readonly #loop: NetLoop;
  readonly #net: LoopNet;
  readonly #sock: SocketView;
  /** Kept here, because the socket has no number any more when it is unregistered. */
  readonly #fd: number;
  readonly #transport: Abandonable;

  /** @param peername the peer's address, if it is known; otherwise the system is asked */
  constructor(
    loop: NetLoop,
    sock: SocketView,
    transport: Abandonable,
    peername?: SocketAddress | string | null,
  ) {
    this.facts = new SocketFacts(sock, peername);
    this.#loop = loop;
    this.#net = loop[NET];
    this.#sock = sock;
    this.#fd = sock.fileno();
    this.#transport = transport;
    this.#net.transports.set(this.#fd, transport);
    this.#net.opened(transport);
  }

  /** The descriptor as `inspect()` shows it; nothing for Node's handles, which do not tell it. */
  get shown(): string {
    return this.#net.handles === null ? ` fd=${this.#fd}` : '';
  }

  /** Returns why the system refuses to watch. Nothing would ever happen to the socket then. */
  watch(direction: Direction, callback: () => void): SystemError | null {
    try {
      this.#net.selector.watch(this.#fd, direction, new Handle(callback, [], this.#loop));
      return null;
    } catch (thrown) {
      if (!isSystemError(thrown)) throw thrown;
      return thrown;
    }
  }

  unwatch(direction: Direction): void {
    this.#net.selector.unwatch(this.#fd, direction);
  }

  /** The next owner of the number must find nothing of ours there. */
  unwatchAll(): void {
    this.unwatch('writer');
    this.unwatch('reader');
  }

  /** The socket belongs to the transport no longer. It is not closed, and the facts stay available. */
  release(): void {
    this.unwatchAll();
    this.facts.keep();
    this.#net.transports.delete(this.#fd);
    this.#net.closed(this.#transport);
  }

  close(): void {
    this.release();
    this.#sock.close();
  }

  /** The loop is closed, and has forgotten its transports. */
  abandon(): void {
    this.facts.keep();
    this.#sock.close();
  }
}
