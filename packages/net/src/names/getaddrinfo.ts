import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { AI_NUMERICHOST, AI_NUMERICSERV, AI_PASSIVE, EAI } from '../libc/linux-abi.js';
import { NET, type NetLoop } from '../loop-net.js';
import { checkInt } from '../sockets/check-int.js';
import { type Port, serviceText } from '../sockets/service-port.js';
import type { AddressInfo, AddressInfoOptions, Hints } from './address-info.js';
import { libcGetaddrinfo } from './libc-names.js';
import { type HostAddress, lookup, NODE_FLAGS } from './lookup.js';
import { askLookupThread } from './lookup-thread.js';
import { plainGetaddrinfo } from './plain-names.js';
import { resolved } from './resolution-failed.js';
import { timed } from './timed.js';

/** What `loop.getaddrinfo()` does, and throws. */
export async function getaddrinfo(
  loop: NetLoop,
  host: string | null,
  port: Port | undefined,
  options: AddressInfoOptions = {},
): Promise<AddressInfo[]> {
  loop[NET].checkOpen();
  checkHost(host);
  const service = serviceText(port);
  const { family = 0, type = 0, proto = 0, flags = 0 } = options;
  const hints = { family, type, proto, flags };
  for (const [name, value] of Object.entries(hints)) checkInt(value, name);
  const numeric = fromNumbers(loop, host, service, hints);
  if (numeric !== null) return numeric;
  // Only a name leaves the thread; fromNumbers() has thrown what would be wrong with any name.
  const name = host ?? '';
  return await timed(loop, `${inspect(name)}, ${inspect(service)}`, () => byName(loop, name, service, hints));
}

/**
 * Without a name, there is an answer at once. Null: the host is a name.
 * @throws {ResolutionError} for what is wrong whatever the name is
 */
function fromNumbers(
  loop: NetLoop,
  host: string | null,
  service: string | null,
  hints: Hints,
): AddressInfo[] | null {
  const found = ask(loop)(host, service, { ...hints, flags: hints.flags | AI_NUMERICHOST });
  const mayBeName = host !== null && host !== '' && (hints.flags & AI_NUMERICHOST) === 0;
  return mayBeName && found === EAI.EAI_NONAME ? null : resolved(found, 'getaddrinfo', host);
}

async function byName(
  loop: NetLoop,
  host: string,
  service: string | null,
  hints: Hints,
): Promise<AddressInfo[]> {
  const known = NODE_FLAGS | AI_PASSIVE | AI_NUMERICSERV;
  if ((hints.flags & ~known) === 0) {
    const addresses = await lookup(loop, host, hints.family, hints.flags);
    return addresses.flatMap((address) => kindsOf(loop, address, service, hints));
  }
  const question = { kind: 'getaddrinfo', host, service, hints } as const;
  return resolved(await askLookupThread<AddressInfo[] | number>(loop, question), 'getaddrinfo', host);
}

/** The entries of one address: which kinds of sockets have the service? */
function kindsOf(
  loop: NetLoop,
  { family, address }: HostAddress,
  service: string | null,
  hints: Hints,
): AddressInfo[] {
  const flags = AI_NUMERICHOST | (hints.flags & AI_NUMERICSERV);
  return resolved(ask(loop)(address, service, { ...hints, family, flags }), 'getaddrinfo', address);
}

/** Answers for IP addresses: the C library, unless the loop does without. */
function ask(loop: NetLoop): typeof libcGetaddrinfo {
  return loop[NET].handles === null ? libcGetaddrinfo : plainGetaddrinfo;
}

/** JavaScript may pass anything, and Node's resolver treats many wrong values as a missing host. */
function checkHost(host: unknown): void {
  if (host === null || (typeof host === 'string' && !host.includes('\0'))) return;
  if (typeof host !== 'string')
    throw typeError(`host must be a string or null, got ${inspect(host, { depth: 0 })}`);
  throw typeError(`host cannot contain a null byte, got ${inspect(host)}`, 'ERR_INVALID_ARG_VALUE');
}
