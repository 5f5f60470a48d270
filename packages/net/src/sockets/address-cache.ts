/**
 * Addresses of datagrams: most come from and go to a few peers, and to encode or decode one costs as much as the system call. Only IP
 * addresses without a scope are kept: the name of an interface may change.
 */
import { AF_INET, AF_INET6 } from '../libc/linux-abi.js';
import { type AddressInput, decodeAddress, encodeAddress, type SocketAddress } from './sockaddr.js';

/** Addresses that are remembered in each direction; beyond it, all are forgotten. Arbitrary: some 100 KiB. */
const MOST_ADDRESSES = 512;
/** Ports are below it. */
const PORTS = 65_536;

/** By host, then by family and port: to make one text of the three for each datagram would cost a tenth of sending it. */
const encoded = new Map<string, Map<number, Buffer>>();
let encodedCount = 0;
const decoded = new Map<string, SocketAddress>();

/** As `encodeAddress()`. Nobody may change the bytes. */
export function encodeOften(family: number, address: AddressInput): Buffer {
  if (!mayRemember(family, address)) return encodeAddress(family, address);
  const { host, port } = address;
  const key = family * PORTS + port;
  return encoded.get(host)?.get(key) ?? rememberBytes(host, key, encodeAddress(family, address));
}

/** As `decodeAddress()`. The object is shared, and frozen. */
export function decodeOften(bytes: Buffer, length: number): SocketAddress | string {
  const key = bytes.toString('latin1', 0, length);
  const known = decoded.get(key);
  if (known !== undefined) return known;
  const address = decodeAddress(bytes, length);
  if (typeof address === 'string' || address.address.includes('%')) return address;
  return remember(key, Object.freeze(address));
}

/** False: it is not to be remembered, or it is wrong and encodeAddress() shall say so. */
function mayRemember(family: number, address: AddressInput): address is { host: string; port: number } {
  if (family !== AF_INET && family !== AF_INET6) return false;
  if (typeof address !== 'object' || (address as object | null) === null) return false;
  const { host, port, flowInfo, scopeId } = address;
  if (typeof host !== 'string' || typeof port !== 'number' || !(port >= 0 && port < PORTS)) return false;
  return flowInfo === undefined && scopeId === undefined && !host.includes('%');
}

function rememberBytes(host: string, key: number, bytes: Buffer): Buffer {
  if (encodedCount >= MOST_ADDRESSES) {
    encoded.clear();
    encodedCount = 0;
  }
  const ofHost = encoded.get(host) ?? new Map<number, Buffer>();
  encoded.set(host, ofHost.set(key, bytes));
  encodedCount++;
  return bytes;
}

function remember(bytes: string, address: SocketAddress): SocketAddress {
  if (decoded.size >= MOST_ADDRESSES) decoded.clear();
  decoded.set(bytes, address);
  return address;
}
