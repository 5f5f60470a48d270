import type { Abandonable, NetLoop } from '../loop-net.js';
import type { SocketAddress } from '../sockets/sockaddr.js';
import type { SocketView } from '../sockets/socket-like.js';
import { OwnedDescriptor } from './owned-descriptor.js';
import { SocketFacts } from './socket-facts.js';

/** The socket of a transport. What is known of it stays available when it is closed. */
export class OwnedSocket extends OwnedDescriptor {
  readonly facts: SocketFacts;

  /** @param peername the peer's address, if it is known; otherwise the system is asked */
  constructor(
    loop: NetLoop,
    sock: SocketView,
    transport: Abandonable,
    peername?: SocketAddress | string | null,
  ) {
    super(loop, sock, transport);
    this.facts = new SocketFacts(sock, peername);
  }

  override release(): void {
    this.facts.keep();
    super.release();
  }

  override abandon(): void {
    this.facts.keep();
    super.abandon();
  }
}
