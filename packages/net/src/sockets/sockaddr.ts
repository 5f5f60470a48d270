/**
 * Converts socket addresses between our objects and the kernel's `struct sockaddr_in`, `sockaddr_in6` and
 * `sockaddr_un`. The family is in native byte order, which is little-endian on all platforms that koffi has Linux
 * builds for, except one that we do not support. Ports and IP addresses are in network byte order.
 */
import { endianness } from 'node:os';
import { isIPv4, isIPv6 } from 'node:net';
import { inspect } from 'node:util';
import { rangeError, typeError } from '@ringloop/core/internal';
import { checkInt } from './check-int.js';
import { libc } from '../libc/libc.js';
import { AF_INET, AF_INET6, AF_UNIX } from '../libc/linux-abi.js';

/** An IP address with a port, and what IPv6 adds to it. Python: a tuple of two, three or four. */
export interface InetAddressInput {
  /** An IP address, or `''` for all interfaces. An IPv6 address may end with its zone: `'fe80::1%eth0'`, `'fe80::1%2'`. */
  readonly host: string;
  /** From 0 to 65535. */
  readonly port: number;
  /** IPv6 only: the flow label, from 0 to 1048575; 0 by default. Python: flowinfo. */
  readonly flowInfo?: number;
  /** IPv6 only: the index of the interface of a link-local address; by default that of the zone in `host`. Python: scope_id. */
  readonly scopeId?: number;
}

/**
 * The address to bind or connect to: an IP address and a port, or the path of a Unix socket. A path that starts with
 * `'\0'` is a name in the abstract namespace.
 */
export type AddressInput = InetAddressInput | string;

/** An IP address and a port, in the form that Node uses. Python: a tuple of two, or of four for IPv6. */
export interface SocketAddress {
  /** The IP address. That of a link-local IPv6 address ends with its zone, which is the scope id: `'fe80::1%eth0'`. */
  readonly address: string;
  readonly port: number;
  readonly family: 'IPv4' | 'IPv6';
  /** The flow label of an IPv6 address, where it is not 0: the system tells it only of sockets with the option IPV6_FLOWINFO. */
  readonly flowInfo?: number;
}

/** Bytes that an address of any family fits into: sizeof(struct sockaddr_storage). */
export const SOCKADDR_BYTES = 128;
const IN_BYTES = 16;
const IN6_BYTES = 28;
/** Bytes: sizeof(sun_path). A path may use all but the last one. The BSDs, and macOS with them, have 104. */
const PATH_BYTES = process.platform === 'linux' ? 108 : 104;
const INET6_ADDRSTRLEN = 46;
const IF_NAMESIZE = 16;
const UINT32_MAX = 0xffffffff;
/** The 20 bits of a flow label, which is what Python allows too. */
const MOST_FLOW_INFO = 0xfffff;
const LITTLE = endianness() === 'LE';

/**
 * Names are not resolved here.
 * @throws {TypeError} ERR_INVALID_IP_ADDRESS when the host is not an address of this family
 * @throws {TypeError} ERR_INVALID_ARG_VALUE for a flow info or scope id of an IPv4 address, and for a scope id that is not the zone
 * of the host
 * @throws {RangeError} when the port, flow info or scope id is out of range, or the path is too long
 */
export function encodeAddress(family: number, address: AddressInput): Buffer {
  checkAddress(family, address);
  if (typeof address === 'string') return encodePath(address);
  return family === AF_INET6 ? encodeIPv6(address) : encodeIPv4(address);
}

/**
 * Checks an address without the C library: scope and flow label are not looked at. Throws as `encodeAddress()`.
 */
export function checkAddress(family: number, address: AddressInput): void {
  if (family === AF_UNIX) {
    checkPath(address);
    return;
  }
  if (typeof address === 'string')
    throw typeError(`{ host, port } is expected, got the path ${JSON.stringify(address)}`);
  checkHostAndPort(address);
  checkPort(address.port);
  if (address.host === '') return; // all interfaces
  if (family === AF_INET6 && !isIPv6(address.host)) throw notAnAddress(address.host, 'IPv6');
  if (family !== AF_INET6 && !isIPv4(address.host)) throw notAnAddress(address.host, 'IPv4');
}

/** Reads the address in the first `length` bytes. A Unix socket that is not bound has the path `''`. */
export function decodeAddress(bytes: Buffer, length: number): SocketAddress | string {
  const family = length < 2 ? AF_UNIX : LITTLE ? bytes.readUInt16LE(0) : bytes.readUInt16BE(0);
  if (family === AF_INET) {
    const address = `${bytes[4] ?? 0}.${bytes[5] ?? 0}.${bytes[6] ?? 0}.${bytes[7] ?? 0}`; // the kernel wrote all four
    return { address, port: bytes.readUInt16BE(2), family: 'IPv4' };
  }
  if (family === AF_INET6) {
    const decoded = { address: decodeIPv6(bytes), port: bytes.readUInt16BE(2), family: 'IPv6' } as const;
    const flowInfo = bytes.readUInt32BE(4);
    return flowInfo === 0 ? decoded : { ...decoded, flowInfo };
  }
  return decodePath(bytes.subarray(2, length));
}

/** @throws {RangeError} ERR_SOCKET_BAD_PORT */
export function checkPort(port: unknown): asserts port is number {
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 0xffff) {
    throw rangeError(`Port should be >= 0 and < 65536, got ${String(port)}`, 'ERR_SOCKET_BAD_PORT');
  }
}

/**
 * The index of the interface of that name.
 * @throws {TypeError} ERR_INVALID_ARG_VALUE when there is none
 */
export function interfaceIndex(name: string): number {
  const index = name.includes('\0') ? 0 : libc().if_nametoindex(name);
  if (index !== 0) return index;
  throw typeError(`Unknown network interface: ${JSON.stringify(name)}`, 'ERR_INVALID_ARG_VALUE');
}

/** JavaScript may pass anything. */
function checkHostAndPort(address: unknown): void {
  if (
    typeof address !== 'object' ||
    address === null ||
    !('host' in address) ||
    typeof address.host !== 'string'
  ) {
    throw typeError(`{ host, port } is expected, got ${inspect(address, { depth: 0 })}`);
  }
}

function header(family: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  if (LITTLE) bytes.writeUInt16LE(family, 0);
  else bytes.writeUInt16BE(family, 0);
  return bytes;
}

function encodeIPv4({ host, port, flowInfo, scopeId }: InetAddressInput): Buffer {
  if (flowInfo !== undefined || scopeId !== undefined)
    throw typeError('Only an IPv6 address has a flowInfo and a scopeId', 'ERR_INVALID_ARG_VALUE');
  const bytes = header(AF_INET, IN_BYTES);
  bytes.writeUInt16BE(port, 2);
  if (host === '') return bytes; // all interfaces
  host.split('.').forEach((part, at) => bytes.writeUInt8(Number(part), 4 + at));
  return bytes;
}

function encodeIPv6({ host, port, flowInfo = 0, scopeId }: InetAddressInput): Buffer {
  const bytes = header(AF_INET6, IN6_BYTES);
  bytes.writeUInt16BE(port, 2);
  checkInt(flowInfo, 'flowInfo', { min: 0, max: MOST_FLOW_INFO });
  bytes.writeUInt32BE(flowInfo, 4);
  const [address = '', zone] = host.split('%');
  if (host !== '') libc().inet_pton(AF_INET6, address, bytes.subarray(8, 24)); // '' is all interfaces
  const scope = scopeOf(host, zone, scopeId);
  if (LITTLE) bytes.writeUInt32LE(scope, 24);
  else bytes.writeUInt32BE(scope, 24);
  return bytes;
}

/** The index of the interface that the zone or the scope id names; 0: neither does. */
function scopeOf(host: string, zone: string | undefined, scopeId: number | undefined): number {
  if (scopeId !== undefined) checkInt(scopeId, 'scopeId', { min: 0, max: UINT32_MAX });
  if (zone === undefined) return scopeId ?? 0;
  const scope = /^\d+$/.test(zone) ? Number(zone) : libc().if_nametoindex(zone);
  if (scope === 0 || scope > UINT32_MAX)
    throw notAnAddress(host, 'IPv6', `: no interface ${JSON.stringify(zone)}`);
  if (scopeId === undefined || scopeId === scope) return scope;
  const message = `scopeId ${scopeId} is not the zone of ${JSON.stringify(host)}, which is ${scope}`;
  throw typeError(message, 'ERR_INVALID_ARG_VALUE');
}

function decodeIPv6(bytes: Buffer): string {
  const text = Buffer.alloc(INET6_ADDRSTRLEN);
  libc().inet_ntop(AF_INET6, bytes.subarray(8, 24), text, INET6_ADDRSTRLEN);
  const address = cString(text);
  const scope = LITTLE ? bytes.readUInt32LE(24) : bytes.readUInt32BE(24);
  if (scope === 0) return address;
  const name = Buffer.alloc(IF_NAMESIZE);
  // Use the number when the interface is gone, and so has no name any more.
  return `${address}%${libc().if_indextoname(scope, name) === null ? scope : cString(name)}`;
}

function checkPath(address: unknown): void {
  if (typeof address !== 'string')
    throw typeError(`The address of a Unix socket is a path, got ${inspect(address, { depth: 0 })}`);
  const bytes = Buffer.byteLength(address);
  if (bytes >= PATH_BYTES && process.platform !== 'win32') {
    throw rangeError(`AF_UNIX path too long: ${bytes} bytes, of ${PATH_BYTES - 1}`, 'ERR_OUT_OF_RANGE');
  }
  if (!address.startsWith('\0') && address.includes('\0'))
    throw typeError('A path cannot contain a null byte', 'ERR_INVALID_ARG_VALUE');
}

function encodePath(address: string): Buffer {
  const path = Buffer.from(address);
  const abstract = address.startsWith('\0');
  // The length of the address delimits an abstract name; a null byte ends a path.
  const bytes = header(AF_UNIX, 2 + path.length + (abstract ? 0 : 1));
  path.copy(bytes, 2);
  return bytes;
}

function decodePath(bytes: Buffer): string {
  return bytes[0] === 0 && bytes.length > 1 ? bytes.toString() : cString(bytes);
}

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

function notAnAddress(host: string, family: string, reason = ''): TypeError {
  return typeError(`Invalid ${family} address: ${JSON.stringify(host)}${reason}`, 'ERR_INVALID_IP_ADDRESS');
}
