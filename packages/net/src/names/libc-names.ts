/**
 * getaddrinfo(3) and getnameinfo(3), which return a negative EAI_ code instead of throwing. They block the thread, unless the
 * flags say that no name is to be looked up (AI_NUMERICHOST, NI_NUMERICHOST).
 */
import { type Address, libc } from '../libc/libc.js';
import { AF_INET, AF_INET6, POINTER_BYTES } from '../libc/linux-abi.js';
import { decodeAddress, SOCKADDR_BYTES } from '../sockets/sockaddr.js';
import type { AddressInfo, Hints } from './address-info.js';

/** `struct addrinfo` in <netdb.h>: five ints, then pointers, which are aligned. Offsets are in bytes. */
const ADDR_AT = POINTER_BYTES === 8 ? 24 : 20;
const CANONNAME_AT = ADDR_AT + POINTER_BYTES;
const NEXT_AT = CANONNAME_AT + POINTER_BYTES;
const ADDRINFO_BYTES = NEXT_AT + POINTER_BYTES;

/** Bytes: NI_MAXHOST and NI_MAXSERV in <netdb.h>. */
const MOST_HOST_BYTES = 1025;
const MOST_SERVICE_BYTES = 32;

export function libcGetaddrinfo(
  host: string | null,
  service: string | null,
  hints: Hints,
): AddressInfo[] | number {
  const list = new BigUint64Array(1); // zeros: a 32-bit pointer fills the lower half
  const { flags, family, type, proto } = hints;
  const words = new Int32Array(ADDRINFO_BYTES / 4);
  words.set([flags, family, type, proto]);
  const code = libc().getaddrinfo(host, service, bytesOf(words), bytesOf(list));
  if (code !== 0) return code;
  const [first = 0n] = list;
  try {
    return readList(first);
  } finally {
    libc().freeaddrinfo(first);
  }
}

export function libcGetnameinfo(address: Buffer, flags: number): [host: string, service: string] | number {
  const host = Buffer.alloc(MOST_HOST_BYTES);
  const service = Buffer.alloc(MOST_SERVICE_BYTES);
  const code = libc().getnameinfo(
    address,
    address.byteLength,
    host,
    host.byteLength,
    service,
    service.byteLength,
    flags,
  );
  return code === 0 ? [textIn(host), textIn(service)] : code;
}

function readList(first: Address): AddressInfo[] {
  const infos: AddressInfo[] = [];
  for (let at = first; at !== 0n;) {
    const entry = Buffer.alloc(ADDRINFO_BYTES);
    libc().memcpy(entry, at, ADDRINFO_BYTES);
    const word = (index: number): number => entry.readInt32LE(index * 4); // koffi has Linux builds for little-endian machines
    const [family, type, proto, length] = [word(1), word(2), word(3), word(4)];
    const bytes = Buffer.alloc(SOCKADDR_BYTES);
    libc().memcpy(bytes, pointerAt(entry, ADDR_AT), Math.min(length, SOCKADDR_BYTES));
    const sockaddr = decodeAddress(bytes, length);
    if (typeof sockaddr === 'object' && (family === AF_INET || family === AF_INET6)) {
      infos.push({ family, type, proto, canonname: textAt(pointerAt(entry, CANONNAME_AT)), sockaddr });
    }
    at = pointerAt(entry, NEXT_AT);
  }
  return infos;
}

function pointerAt(bytes: Buffer, offset: number): Address {
  return POINTER_BYTES === 8 ? bytes.readBigUInt64LE(offset) : BigInt(bytes.readUInt32LE(offset));
}

function textAt(address: Address): string {
  if (address === 0n) return '';
  const bytes = Buffer.alloc(libc().strlen(address));
  if (bytes.byteLength > 0) libc().memcpy(bytes, address, bytes.byteLength);
  return bytes.toString();
}

function textIn(room: Buffer): string {
  return room.toString('utf8', 0, room.indexOf(0));
}

function bytesOf(words: Int32Array | BigUint64Array): Uint8Array {
  return new Uint8Array(words.buffer);
}
