import type { SocketAddress } from './sockaddr.js';

/** Returns null for a socket that has no address, such as one whose peer is already gone. */
export function addressOrNull(ask: () => SocketAddress | string): SocketAddress | string | null {
  try {
    return ask();
  } catch {
    return null;
  }
}
