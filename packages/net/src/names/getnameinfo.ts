import dns from 'node:dns';
import { isIPv6 } from 'node:net';
import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import {
  AF_INET,
  AF_INET6,
  EAI,
  NI_NAMEREQD,
  NI_NOFQDN,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
} from '../libc/linux-abi.js';
import { LateAnswer } from '../late-answer.js';
import { NET, type NetLoop } from '../loop-net.js';
import { checkInt } from '../sockets/check-int.js';
import { type AddressInput, checkAddress, encodeAddress, type SocketAddress } from '../sockets/sockaddr.js';
import { libcGetnameinfo } from './libc-names.js';
import { askLookupThread } from './lookup-thread.js';
import { fromNode, resolutionFailed, resolved } from './resolution-failed.js';

/** An IP address with its port, as it is given to a socket or as a socket tells it. */
export type NameInfoAddress = Exclude<AddressInput, string> | SocketAddress;

/** What `loop.getnameinfo()` does, and throws. */
export async function getnameinfo(
  loop: NetLoop,
  address: NameInfoAddress,
  flags = 0,
): Promise<[host: string, service: string]> {
  loop[NET].checkOpen();
  checkInt(flags, 'flags');
  const place = placeOf(address);
  if (loop[NET].handles !== null) return await plainGetnameinfo(loop, place, flags);
  const bytes = encodeAddress(isIPv6(place.host) ? AF_INET6 : AF_INET, place);
  const [ip, service] = resolved(libcGetnameinfo(bytes, flags | NI_NUMERICHOST), 'getnameinfo', place.host);
  if ((flags & NI_NUMERICHOST) !== 0) return [ip, service];
  if ((flags & NI_NOFQDN) !== 0) {
    const question = { kind: 'getnameinfo', address: bytes, flags } as const;
    const found = await askLookupThread<[string, string] | number>(loop, question);
    return resolved(found, 'getnameinfo', place.host);
  }
  const [name] = await namesOf(loop, place, flags);
  return [name ?? ip, service];
}

/** The same without the C library. */
async function plainGetnameinfo(loop: NetLoop, place: Place, flags: number): Promise<[string, string]> {
  checkAddress(isIPv6(place.host) ? AF_INET6 : AF_INET, place);
  const numbers = [place.host, String(place.port)] as const;
  if ((flags & NI_NUMERICHOST) !== 0) return [...numbers]; // Node looks up both or none
  const [name, service] = await namesOf(loop, place, flags);
  return [name ?? numbers[0], (flags & NI_NUMERICSERV) === 0 ? (service ?? numbers[1]) : numbers[1]];
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Empty: the host has no name. */
async function namesOf(
  loop: NetLoop,
  { host, port }: Place,
  flags: number,
): Promise<[name?: string, service?: string]> {
  const found = new LateAnswer<[name?: string, service?: string]>(loop);
  dns.lookupService(host, port, (error, name, service) => {
    if (error === null) found.resolve([name, service]);
    else if (error.code === 'ENOTFOUND') found.resolve([]);
    else found.reject(fromNode(error, 'getnameinfo', host));
  });
  const names = await found.future;
  if (names.length === 0 && (flags & NI_NAMEREQD) !== 0)
    throw resolutionFailed(EAI.EAI_NONAME, 'getnameinfo', host);
  return names;
}

/** JavaScript may pass anything. */
function placeOf(address: unknown): Place {
  if (typeof address === 'object' && address !== null && 'port' in address) {
    const host = 'host' in address ? address.host : 'address' in address ? address.address : undefined;
    // encodeAddress() checks the port.
    if (typeof host === 'string' && host !== '') return { host, port: address.port as number };
  }
  throw typeError(`{ host, port } is expected, got ${inspect(address, { depth: 0 })}`);
}
