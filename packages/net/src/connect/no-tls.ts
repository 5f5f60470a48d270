import { typeError } from '@ringloop/core/internal';

/** Options that only make sense with TLS. */
export interface TlsOptions {
  /** Not supported yet. */
  readonly ssl?: unknown;
  readonly serverHostname?: string | null;
  readonly sslHandshakeTimeout?: number | null;
  readonly sslShutdownTimeout?: number | null;
}

const PYTHON_NAMES = {
  serverHostname: 'server_hostname',
  sslHandshakeTimeout: 'ssl_handshake_timeout',
  sslShutdownTimeout: 'ssl_shutdown_timeout',
} as const;

/**
 * Refuses TLS options. If they were ignored, a connection that was meant to be secret would be in clear text.
 * @throws {TypeError} ERR_TLS_UNSUPPORTED, ERR_INVALID_ARG_VALUE
 */
export function refuseTls(options: TlsOptions): void {
  const ssl = options.ssl ?? null;
  if (typeof ssl === 'boolean') throw typeError('ssl argument must be an SSLContext or null');
  if (ssl !== null) throw typeError('Cannot use ssl: TLS is not supported yet', 'ERR_TLS_UNSUPPORTED');
  for (const [key, name] of Object.entries(PYTHON_NAMES)) {
    if ((options[key as keyof typeof PYTHON_NAMES] ?? null) === null) continue; // the keys are those of the table
    throw typeError(`${name} is only meaningful with ssl`, 'ERR_INVALID_ARG_VALUE');
  }
}
