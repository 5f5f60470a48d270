import { ResolutionError } from '../errors.js';
import { AI_PASSIVE, EAI } from '../libc/linux-abi.js';
import type { NetLoop } from '../loop-net.js';
import { checkInt } from '../sockets/check-int.js';
import type { Port } from '../sockets/service-port.js';
import type { AddressInfoOptions } from './address-info.js';
import { getaddrinfo } from './getaddrinfo.js';

/** An IP address that a socket of `family` and `proto` can be bound or connected to. */
export interface ResolvedAddress {
  readonly family: number;
  readonly proto: number;
  readonly host: string;
  readonly port: number;
}

/** What is wanted of the addresses: as for getaddrinfo(), but one type of socket. */
export type ResolveOptions = AddressInfoOptions & { readonly type: number };

/** Returns the addresses of a host, in the resolver's order. Throws as getaddrinfo(). */
export async function resolve(
  loop: NetLoop,
  host: string | null,
  port: Port | undefined,
  options: ResolveOptions,
): Promise<ResolvedAddress[]> {
  const infos = await getaddrinfo(loop, host, port ?? 0, options);
  if (infos.length === 0) throw emptyList(host);
  return infos.map(({ family, proto, sockaddr }) => ({
    family,
    proto,
    host: sockaddr.address,
    port: sockaddr.port,
  }));
}

/** Of a resolver that finds the host, but no address of it. The message is asyncio's. */
function emptyList(hostname: string | null): ResolutionError {
  return new ResolutionError('getaddrinfo() returned empty list', {
    code: 'EAI_NONAME',
    errno: EAI.EAI_NONAME,
    syscall: 'getaddrinfo',
    hostname,
  });
}

/** The same for addresses to listen on: no host and `''` stand for all interfaces. */
export function resolveToBind(
  loop: NetLoop,
  host: string | null,
  port: Port | undefined,
  options: ResolveOptions,
): Promise<ResolvedAddress[]> {
  const { flags = 0 } = options;
  checkInt(flags, 'flags');
  return resolve(loop, host === '' ? null : host, port, { ...options, flags: flags | AI_PASSIVE });
}
