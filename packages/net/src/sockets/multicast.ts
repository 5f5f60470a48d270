import { isIPv4 } from 'node:net';
import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { checkInt, INT_MAX } from './check-int.js';
import type { OptionAccess } from './option-kinds.js';
import { encodeAddress, interfaceIndex } from './sockaddr.js';
import {
  AF_INET,
  AF_INET6,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_IF,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_JOIN_GROUP,
  IPV6_LEAVE_GROUP,
  IPV6_MULTICAST_IF,
} from '../libc/linux-abi.js';

/**
 * An interface of this machine: its name (`'eth0'`), its index, or, for IPv4, the address that it has. 0 leaves the choice to the
 * system.
 */
export type NetworkInterface = string | number;

/** Enters a multicast group, or leaves it. */
export function changeMembership(
  sock: OptionAccess,
  change: 'add' | 'drop',
  group: string,
  on: NetworkInterface,
): void {
  if (typeof group !== 'string')
    throw typeError(`group must be a string, got ${inspect(group, { depth: 0 })}`);
  const adds = change === 'add';
  if (sock.family === AF_INET6) {
    const request = Buffer.alloc(20); // struct ipv6_mreq: the group, the interface
    encodeAddress(AF_INET6, { host: group, port: 0 }).copy(request, 0, 8, 24);
    nativeInt(interfaceOf(on)).copy(request, 16);
    sock.setsockopt(IPPROTO_IPV6, adds ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, request);
  } else {
    const bytes = encodeAddress(AF_INET, { host: group, port: 0 });
    sock.setsockopt(IPPROTO_IP, adds ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, ipv4Request(bytes, on));
  }
}

/** Chooses where multicast datagrams are sent. */
export function chooseMulticastInterface(sock: OptionAccess, on: NetworkInterface): void {
  if (sock.family === AF_INET6) sock.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_IF, interfaceOf(on));
  else sock.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, ipv4Request(Buffer.alloc(8), on));
}

/** `struct ip_mreqn`: the group, the address of the interface, its index. @param group a `struct sockaddr_in` */
function ipv4Request(group: Buffer, on: NetworkInterface): Buffer {
  const request = Buffer.alloc(12);
  group.copy(request, 0, 4, 8);
  if (typeof on === 'string' && isIPv4(on))
    encodeAddress(AF_INET, { host: on, port: 0 }).copy(request, 4, 4, 8);
  else nativeInt(interfaceOf(on)).copy(request, 8);
  return request;
}

/** The index of an interface. */
function interfaceOf(on: unknown): number {
  if (typeof on === 'string') return interfaceIndex(on);
  checkInt(on, 'networkInterface', { min: 0, max: INT_MAX });
  return on;
}

function nativeInt(value: number): Buffer {
  return Buffer.from(new Int32Array([value]).buffer);
}
