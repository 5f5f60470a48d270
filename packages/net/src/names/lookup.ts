import dns from 'node:dns';
import { AF_INET, AF_INET6, AI_ADDRCONFIG, AI_ALL, AI_V4MAPPED } from '../libc/linux-abi.js';
import { LateAnswer } from '../late-answer.js';
import type { NetLoop } from '../loop-net.js';
import { fromNode } from './resolution-failed.js';

/** An IP address of a host. */
export interface HostAddress {
  readonly family: number;
  readonly address: string;
}

/** The flags of getaddrinfo() that node:dns knows, too. */
export const NODE_FLAGS = AI_ADDRCONFIG | AI_V4MAPPED | AI_ALL;

/**
 * Has node:dns look up a name, in the resolver's order. It uses threads of libuv, so that jobs of the loop's executor do not
 * delay it.
 * @throws {ResolutionError} such as EAI_NONAME, EAI_AGAIN
 */
export async function lookup(
  loop: NetLoop,
  host: string,
  family: number,
  flags: number,
): Promise<HostAddress[]> {
  const found = new LateAnswer<dns.LookupAddress[]>(loop);
  const options = {
    all: true,
    verbatim: true,
    family: family === AF_INET ? 4 : family === AF_INET6 ? 6 : 0,
    hints: nodeHints(flags),
  } as const;
  dns.lookup(host, options, (error, addresses) => {
    if (error === null) found.resolve(addresses);
    else found.reject(fromNode(error, 'getaddrinfo', host));
  });
  const addresses = await found.future;
  return addresses.map(({ address, family: version }) => ({
    family: version === 6 ? AF_INET6 : AF_INET,
    address,
  }));
}

function nodeHints(flags: number): number {
  return (
    ((flags & AI_ADDRCONFIG) === 0 ? 0 : dns.ADDRCONFIG) |
    ((flags & AI_V4MAPPED) === 0 ? 0 : dns.V4MAPPED) |
    ((flags & AI_ALL) === 0 ? 0 : dns.ALL)
  );
}
