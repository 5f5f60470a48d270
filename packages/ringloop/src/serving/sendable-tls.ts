import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import type { TlsCallOptions } from '@ringloop/net';

/**
 * The TLS options of a server as they are sent to the loops that serve: each makes a context of its own. Null without TLS.
 * @throws {TypeError} when `ssl` cannot be sent: a SecureContext, or options with a function
 */
export function sendableTls({
  ssl,
  sslHandshakeTimeout,
  sslShutdownTimeout,
}: TlsCallOptions): TlsCallOptions | null {
  if (ssl == null) return null;
  try {
    if (typeof ssl === 'object' && 'context' in ssl) throw new Error('a SecureContext belongs to its thread');
    structuredClone(ssl);
  } catch (cause) {
    const found = inspect(ssl, { depth: 0 });
    const message = `With a group, ssl must be options without functions, which other threads can get, got ${found}`;
    throw Object.assign(typeError(message, 'ERR_INVALID_ARG_VALUE'), { cause });
  }
  return {
    ssl,
    sslHandshakeTimeout: sslHandshakeTimeout ?? null,
    sslShutdownTimeout: sslShutdownTimeout ?? null,
  };
}
