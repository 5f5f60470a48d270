import type { StreamProtocol } from '@ringloop/net';
import { type HttpContext, openApplication } from './http-application.js';
import { HttpHost } from './http-host.js';
import { ProtocolHost } from './protocol-host.js';
import type { HostParts, StationHost } from './station-host.js';

/** protocol: the factory makes a protocol for each connection. http: it makes an HTTP application for all of them. */
export type HostKind = 'protocol' | 'http';

/**
 * @param factory the function that a remote reference stands for
 * @throws what an HTTP handler throws, and as `openApplication()`
 */
export async function makeHost(
  kind: HostKind,
  factory: (...args: never) => unknown,
  { loop, tls, index, signal, onGone }: HostParts,
): Promise<StationHost> {
  if (kind === 'protocol') return new ProtocolHost(loop, factory as () => StreamProtocol, { tls, onGone }); // each result is checked
  const handler = factory as (context: HttpContext) => unknown;
  return new HttpHost(loop, await openApplication(await handler({ index, signal })), { tls, onGone });
}
