import dns from 'node:dns';
import { isIPv6 } from 'node:net';
import { inspect } from 'node:util';
import { isError, typeError } from '@ringloop/core/internal';
import { AF_INET, AF_INET6, EAI, NI_NAMEREQD, NI_NOFQDN, NI_NUMERICHOST } from '../libc/linux-abi.js';
import { NET, type NetLoop } from '../loop-net.js';
import { checkInt } from '../sockets/check-int.js';
import { type AddressInput, encodeAddress, type SocketAddress } from '../sockets/sockaddr.js';
import { libcGetnameinfo } from './libc-names.js';
import { askLookupThread } from './lookup-thread.js';
import { fromNode, resolutionFailed } from './resolution-failed.js';

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
  const bytes = encodeAddress(isIPv6(place.host) ? AF_INET6 : AF_INET, place);
  const [ip, service] = must(libcGetnameinfo(bytes, flags | NI_NUMERICHOST), place.host);
  if ((flags & NI_NUMERICHOST) !== 0) return [ip, service];
  if ((flags & NI_NOFQDN) !== 0) {
    const question = { kind: 'getnameinfo', address: bytes, flags } as const;
    return must(await askLookupThread<[string, string] | number>(loop, question), place.host);
  }
  const name = await nameOf(loop, place);
  if (name === null && (flags & NI_NAMEREQD) !== 0)
    throw resolutionFailed(EAI.EAI_NONAME, 'getnameinfo', place.host);
  return [name ?? ip, service];
}

/** Null: the host has no name. As lookup(), it waits in a future of the loop. */
async function nameOf(loop: NetLoop, { host, port }: { host: string; port: number }): Promise<string | null> {
  const found = loop.createFuture<string | null>();
  const isWaiting = (): boolean => !found.done() && !loop.isClosed();
  dns.lookupService(host, port, (error, name) => {
    if (!isWaiting()) return;
    if (error === null) found.setResult(name);
    else if (isError(error) && error.code === 'ENOTFOUND') found.setResult(null);
    else found.setException(fromNode(error, 'getnameinfo', host));
  });
  return await found;
}

function must(result: [string, string] | number, host: string): [string, string] {
  if (typeof result === 'object') return result;
  throw resolutionFailed(result, 'getnameinfo', host);
}

/** JavaScript may pass anything. */
function placeOf(address: unknown): { host: string; port: number } {
  if (typeof address === 'object' && address !== null && 'port' in address) {
    const host = 'host' in address ? address.host : 'address' in address ? address.address : undefined;
    // encodeAddress() checks the port.
    if (typeof host === 'string' && host !== '') return { host, port: address.port as number };
  }
  throw typeError(`{ host, port } is expected, got ${inspect(address, { depth: 0 })}`);
}
