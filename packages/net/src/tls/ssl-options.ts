import {
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  type TlsOptions,
} from 'node:tls';
import { inspect } from 'node:util';
import { checkTime, rangeError, typeError } from '@ringloop/core/internal';

/**
 * What TLS is to use: the options of Node's `tls.createSecureContext()`, and what Node's own connections and servers take beside them.
 * Python: ssl.SSLContext.
 */
export interface SslOptions extends SecureContextOptions {
  /** Whether a peer whose certificate is not trusted is refused; true by default. Of a server: only with `requestCert`. */
  readonly rejectUnauthorized?: boolean;
  /** Of a server: ask clients for a certificate. */
  readonly requestCert?: boolean;
  /** Application protocols, in order of preference. */
  readonly ALPNProtocols?: TlsOptions['ALPNProtocols'];
  /** Of a server: chooses the context by the name that the client asks for. A context chosen so brings its own `ca`. */
  readonly SNICallback?: TlsOptions['SNICallback'];
  /** Of a client: checks the name in the server's certificate in place of Node's own check. */
  readonly checkServerIdentity?: (hostname: string, certificate: PeerCertificate) => Error | undefined;
  /** Of a client: a session to resume, as Node's TLSSocket gives it. */
  readonly session?: Buffer;
}

/** `true`: what Node uses by default; only for clients, because a server needs a certificate. */
export type Ssl = SslOptions | SecureContext;

/** Options that only make sense with TLS. */
export interface TlsCallOptions {
  /**
   * Null for no TLS. Of a client also `true`: Node's defaults, which trust the well-known certificate authorities. Otherwise options, or
   * a SecureContext that was made of them.
   */
  readonly ssl?: Ssl | boolean | null;
  /** Seconds that the handshake may take; 60 by default. */
  readonly sslHandshakeTimeout?: number | null;
  /** Seconds that closing may wait for the peer; 30 by default. */
  readonly sslShutdownTimeout?: number | null;
}

/** The same for clients. */
export interface TlsClientOptions extends TlsCallOptions {
  /**
   * The name that the server's certificate must have, by default the host. '' switches off the check of the name, and no other. Python:
   * server_hostname.
   */
  readonly serverHostname?: string | null;
}

/** Seconds; as in CPython. */
const HANDSHAKE_TIMEOUT = 60;
const SHUTDOWN_TIMEOUT = 30;

/** Checked options of one side of a connection. */
export interface TlsPlan {
  readonly context: SecureContext;
  readonly options: SslOptions;
  readonly handshakeTimeout: number;
  readonly shutdownTimeout: number;
}

export interface TlsClientPlan extends TlsPlan {
  /** '' for none. */
  readonly hostname: string;
}

const PYTHON_NAMES = {
  serverHostname: 'server_hostname',
  sslHandshakeTimeout: 'ssl_handshake_timeout',
  sslShutdownTimeout: 'ssl_shutdown_timeout',
} as const;

/**
 * @param host what the name is by default; null when there is none
 * @param advice the message when the name is missing
 * @returns null without TLS
 * @throws {TypeError} when `ssl` is something else, or other options are given without it, or the name is missing
 * @throws {RangeError} when a timeout is not above 0
 */
export function clientPlan(
  options: TlsClientOptions,
  host: string | null,
  advice: string,
): TlsClientPlan | null {
  const { ssl = null, serverHostname = null } = options;
  if (ssl === null || ssl === false) {
    refuseOthers(options);
    return null;
  }
  const hostname = serverHostname ?? host;
  if (hostname === null) throw typeError(advice, 'ERR_INVALID_ARG_VALUE');
  if (typeof hostname !== 'string')
    throw typeError(`serverHostname must be a string, got ${inspect(hostname)}`);
  return { ...planOf(ssl === true ? {} : ssl, options), hostname };
}

/** The same for a server, whose `ssl` cannot be `true`. */
export function serverPlan(options: TlsCallOptions): TlsPlan | null {
  const { ssl = null } = options;
  if (ssl === null) {
    refuseOthers(options);
    return null;
  }
  if (typeof ssl === 'boolean') throw typeError('ssl argument must be an SSLContext or null');
  if ((options as TlsClientOptions).serverHostname != null) {
    throw typeError('server_hostname is only meaningful for clients', 'ERR_INVALID_ARG_VALUE');
  }
  return planOf(ssl, options);
}

function planOf(ssl: unknown, options: TlsCallOptions): TlsPlan {
  const timeouts = {
    handshakeTimeout: seconds(options.sslHandshakeTimeout, 'ssl_handshake_timeout', HANDSHAKE_TIMEOUT),
    shutdownTimeout: seconds(options.sslShutdownTimeout, 'ssl_shutdown_timeout', SHUTDOWN_TIMEOUT),
  };
  if (typeof ssl !== 'object' || ssl === null) {
    throw typeError(
      `ssl must be options of tls.createSecureContext(), or a SecureContext, got ${inspect(ssl)}`,
    );
  }
  if ('context' in ssl) return { context: ssl, options: {}, ...timeouts }; // as Node itself tells one
  return { context: contextOf(ssl), options: ssl, ...timeouts };
}

/** A context takes longer to make than a handshake. Connections that are given the same options share one. */
const contexts = new WeakMap<SslOptions, SecureContext>();

function contextOf(options: SslOptions): SecureContext {
  let context = contexts.get(options);
  if (context === undefined) contexts.set(options, (context = createSecureContext(options)));
  return context;
}

function seconds(given: number | null | undefined, name: string, otherwise: number): number {
  const value = given ?? otherwise;
  checkTime(value, name);
  if (value <= 0) throw rangeError(`${name} should be a positive number, got ${value}`);
  return value;
}

function refuseOthers(options: TlsClientOptions): void {
  for (const [key, name] of Object.entries(PYTHON_NAMES)) {
    if ((options[key as keyof typeof PYTHON_NAMES] ?? null) === null) continue; // the keys are those of the table
    throw typeError(`${name} is only meaningful with ssl`, 'ERR_INVALID_ARG_VALUE');
  }
}
