import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { NET, type NetLoop } from '../loop-net.js';
import type { StreamProtocol } from '../transports/protocol.js';
import { checkProtocol } from '../transports/make-protocol.js';
import { GIVE_SOCKET, StreamTransport } from '../transports/stream-transport.js';
import type { Transport } from '../transports/transport.js';
import { shakeAsClient, shakeAsServer } from './handshake.js';
import { clientPlan, serverPlan, type Ssl, type TlsClientOptions } from './ssl-options.js';

/** Options of `startTls()`. */
export interface StartTlsOptions extends Omit<TlsClientOptions, 'ssl'> {
  /** Whether this is the side of the server; false by default. */
  readonly serverSide?: boolean;
}

/** Options that the streams add. */
export interface UpgradeOptions extends StartTlsOptions {
  /** What has come in already, and belongs to the handshake. */
  readonly received?: Uint8Array;
}

/**
 * Python: loop.start_tls().
 */
export async function startTls(
  loop: NetLoop,
  transport: Transport,
  protocol: StreamProtocol,
  ssl: Ssl,
  options: UpgradeOptions = {},
): Promise<StreamTransport> {
  loop[NET].checkOpen();
  if (typeof ssl !== 'object' || (ssl as object | null) === null) {
    throw typeError(`ssl is expected to be an instance of SSLContext, got ${inspect(ssl)}`);
  }
  if (!(transport instanceof StreamTransport) || !transport.canBeUpgraded) {
    throw typeError(`transport ${inspect(transport)} is not supported by start_tls()`);
  }
  checkProtocol(protocol);
  const { serverSide = false, received, ...rest } = options;
  const server = serverSide ? serverPlan({ ...rest, ssl }) : null;
  const client = serverSide
    ? null
    : clientPlan({ ...rest, ssl }, '', 'You must set server_hostname when using ssl'); // no name, no check: as asyncio
  const { sock, unsent, owner } = transport[GIVE_SOCKET]();
  const plain = { sock, unsent, ...(received === undefined ? {} : { received }) };
  let stream;
  try {
    if (client !== null) stream = await shakeAsClient(loop, plain, client);
    else if (server !== null) stream = await shakeAsServer(loop, plain, server);
  } catch (thrown) {
    owner?.detach(transport);
    throw thrown;
  }
  if (stream === undefined) throw typeError('ssl is expected to be an instance of SSLContext'); // serverPlan() has a plan of every ssl
  const upgraded = new StreamTransport(loop, stream, {
    protocol,
    isUpgrade: true,
    ...(owner === null ? {} : { server: owner }),
  });
  owner?.detach(transport);
  return upgraded;
}
