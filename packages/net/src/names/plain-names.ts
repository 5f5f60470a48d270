import { isIPv4, isIPv6 } from 'node:net';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_PASSIVE,
  EAI,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from '../libc/linux-abi.js';
import type { AddressInfo, Hints } from './address-info.js';
import { NODE_FLAGS } from './lookup.js';

const KINDS = [
  { type: SOCK_STREAM, proto: IPPROTO_TCP },
  { type: SOCK_DGRAM, proto: IPPROTO_UDP },
  { type: SOCK_RAW, proto: 0 },
] as const;

/**
 * What getaddrinfo(3) does of IP addresses and port numbers, where there is no C library to ask. It knows no names of services, no
 * short forms of addresses such as `127.1`, and fewer flags. Returns a negative EAI_ code instead of throwing.
 */
export function plainGetaddrinfo(
  host: string | null,
  service: string | null,
  { family, type, proto, flags }: Hints,
): AddressInfo[] | number {
  const known = NODE_FLAGS | AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST;
  if ((flags & ~known) !== 0) return EAI.EAI_BADFLAGS;
  if (![AF_UNSPEC, AF_INET, AF_INET6].includes(family)) return EAI.EAI_FAMILY;
  const kinds = kindsOf(type, proto);
  if (kinds.length === 0) return EAI.EAI_SOCKTYPE;
  if (host === null && service === null) return EAI.EAI_NONAME;
  if (type === SOCK_RAW && service !== null && service !== '') return EAI.EAI_SERVICE;
  if (service !== null && !/^\d*$/.test(service)) return EAI.EAI_SERVICE;
  const hosts = host === null ? hostsHere((flags & AI_PASSIVE) !== 0) : [host];
  const addresses = hosts.filter((each) => isIPv4(each) || isIPv6(each));
  if (addresses.length === 0) return EAI.EAI_NONAME;
  const wanted = addresses.filter((each) => family === AF_UNSPEC || (family === AF_INET6) === isIPv6(each));
  if (wanted.length === 0) return EAI.EAI_ADDRFAMILY;
  return wanted.flatMap((address) => kinds.map((kind) => infoOf(address, Number(service), kind)));
}

interface Kind {
  readonly type: number;
  readonly proto: number;
}

function kindsOf(type: number, proto: number): readonly Kind[] {
  if (type === SOCK_RAW) return [{ type, proto }]; // for any protocol
  return KINDS.filter((kind) => (type === 0 || kind.type === type) && (proto === 0 || kind.proto === proto));
}

function hostsHere(isPassive: boolean): string[] {
  return isPassive ? ['0.0.0.0', '::'] : ['::1', '127.0.0.1'];
}

function infoOf(address: string, port: number, kind: Kind): AddressInfo {
  const [family, version] = isIPv6(address) ? ([AF_INET6, 'IPv6'] as const) : ([AF_INET, 'IPv4'] as const);
  return { family, ...kind, canonname: '', sockaddr: { address, port, family: version } };
}
