import type { SelectorEventLoop, StreamProtocol, TlsCallOptions } from '@ringloop/net';
import { type HttpContext, openApplication } from './http-application.js';
import { HttpHost } from './http-host.js';
import { ProtocolHost } from './protocol-host.js';
import type { StationHost } from './station-host.js';

/** protocol: the factory makes a protocol for each connection. http: it makes an HTTP application for all of them. */
export type HostKind = 'protocol' | 'http';

/** What a host gets from its station. */
export interface HostParts extends HttpContext {
  readonly loop: SelectorEventLoop;
  /** How connections are encrypted. */
  readonly tls: TlsCallOptions | null;
  /** Called when a connection is gone. */
  readonly onGone: () => void;
}

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
