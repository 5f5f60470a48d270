import dns from 'node:dns';
import { isIPv4, isIPv6 } from 'node:net';
import { inspect } from 'node:util';
import { rangeError, typeError } from '@ringloop/core/internal';
import { AF_INET, AF_INET6, AF_UNSPEC } from '../libc/linux-abi.js';
import { type Port, portNumber } from '../sockets/service-port.js';
import type { NetLoop } from '../loop-net.js';

/** An IP address that a socket of `family` can be bound or connected to. */
export interface ResolvedAddress {
  readonly family: number;
  readonly host: string;
  readonly port: number;
}

export interface ResolveOptions {
  /** AF_INET, AF_INET6, or 0 for both. */
  readonly family: number;
  /** What a missing host means: all interfaces (true) or the loopback interface (false). */
  readonly passive: boolean;
}

/**
 * Returns the addresses of a host, in the resolver's order. IP addresses are not looked up. Rejects with Node's system
 * error (`getaddrinfo ENOTFOUND <host>`) when there are none, and with TypeError when `host` is not a valid string.
 */
export async function resolve(
  loop: NetLoop,
  host: string | null,
  port: Port | undefined,
  { family, passive }: ResolveOptions,
): Promise<ResolvedAddress[]> {
  checkHost(host);
  const number = portNumber(port);
  checkFamily(family);
  const found = numericHosts(host, passive) ?? (await lookup(loop, host ?? '', family));
  const usable = found.filter((address) => family === AF_UNSPEC || address.family === family);
  if (usable.length === 0 && found.length > 0) throw wrongFamily(host ?? '');
  return usable.map((address) => ({ ...address, port: number }));
}

type HostAddress = Omit<ResolvedAddress, 'port'>;

function numericHosts(host: string | null, passive: boolean): HostAddress[] | null {
  if (host === null || host === '') {
    return [
      { family: AF_INET, host: passive ? '0.0.0.0' : '127.0.0.1' },
      { family: AF_INET6, host: passive ? '::' : '::1' },
    ];
  }
  if (isIPv4(host)) return [{ family: AF_INET, host }];
  return isIPv6(host) ? [{ family: AF_INET6, host }] : null;
}

/** Waits in a future of the loop, so that a cancelled task need not wait for the resolver. */
async function lookup(loop: NetLoop, host: string, family: number): Promise<HostAddress[]> {
  const found = loop.createFuture<dns.LookupAddress[]>();
  const options = {
    all: true,
    verbatim: true,
    family: family === AF_INET ? 4 : family === AF_INET6 ? 6 : 0,
  } as const;
  dns.lookup(host, options, (error, addresses) => {
    if (found.done() || loop.isClosed()) return; // nobody waits any more
    if (error === null) found.setResult(addresses);
    else found.setException(error);
  });
  const addresses = await found;
  return addresses.map(({ address, family: version }) => ({
    host: address,
    family: version === 6 ? AF_INET6 : AF_INET,
  }));
}

/** JavaScript may pass anything, and Node's resolver treats many wrong values as a missing host. */
function checkHost(host: unknown): void {
  if (host === null || (typeof host === 'string' && !host.includes('\0'))) return;
  if (typeof host !== 'string')
    throw typeError(`host must be a string or null, got ${inspect(host, { depth: 0 })}`);
  throw typeError(`host cannot contain a null byte, got ${inspect(host)}`, 'ERR_INVALID_ARG_VALUE');
}

function checkFamily(family: number): void {
  if (family === AF_UNSPEC || family === AF_INET || family === AF_INET6) return;
  throw rangeError(
    `The property 'family' must be 0, AF_INET or AF_INET6, got ${family}`,
    'ERR_INVALID_ARG_VALUE',
  );
}

function wrongFamily(hostname: string): Error {
  const code = 'EAI_ADDRFAMILY';
  const error = new Error(`getaddrinfo ${code} ${hostname}`);
  return Object.assign(error, { code, errno: -9, syscall: 'getaddrinfo', hostname }); // EAI_ADDRFAMILY in <netdb.h>
}
