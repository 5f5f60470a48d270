/**
 * Addresses of datagrams: most come from and go to a few peers, and to encode or decode one costs as much as the system call. Only IP
 * addresses without a scope are kept: the name of an interface may change.
 */
import { AF_INET, AF_INET6 } from '../libc/linux-abi.js';
import { type AddressInput, decodeAddress, encodeAddress, type SocketAddress } from './sockaddr.js';

/** Addresses that are remembered in each direction; beyond it, all are forgotten. Arbitrary: some 100 KiB. */
const MOST_ADDRESSES = 512;

const encoded = new Map<string, Buffer>();
const decoded = new Map<string, SocketAddress>();

/** As `encodeAddress()`. Nobody may change the bytes. */
export function encodeOften(family: number, address: AddressInput): Buffer {
  const key = keyOf(family, address);
  if (key === null) return encodeAddress(family, address);
  return encoded.get(key) ?? remember(encoded, key, encodeAddress(family, address));
}

/** As `decodeAddress()`. The object is shared, and frozen. */
export function decodeOften(bytes: Buffer, length: number): SocketAddress | string {
  const key = bytes.toString('latin1', 0, length);
  const known = decoded.get(key);
  if (known !== undefined) return known;
  const address = decodeAddress(bytes, length);
  if (typeof address === 'string' || address.address.includes('%')) return address;
  return remember(decoded, key, Object.freeze(address));
}

/** Null: it is not remembered, or it is wrong and encodeAddress() shall say so. */
function keyOf(family: number, address: AddressInput): string | null {
  if (family !== AF_INET && family !== AF_INET6) return null;
  if (typeof address !== 'object' || (address as object | null) === null) return null;
  const { host, port, flowInfo, scopeId } = address;
  if (typeof host !== 'string' || typeof port !== 'number') return null;
  if (flowInfo !== undefined || scopeId !== undefined || host.includes('%')) return null;
  return `${family} ${port} ${host}`;
}

function remember<T>(known: Map<string, T>, key: string, value: T): T {
  if (known.size >= MOST_ADDRESSES) known.clear();
  known.set(key, value);
  return value;
}
