import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import { InvalidStateError } from '@ringloop/core';
import { typeError } from '@ringloop/core/internal';
import type { Protocol } from '../transports/protocol.js';
import type { Transport } from '../transports/transport.js';
import type { Streams } from './open-connection.js';
import { HAND_OVER, StreamReader } from './stream-reader.js';
import { StreamWriter } from './stream-writer.js';
import { TransportDuplex, type TransportDuplexOptions } from './transport-duplex.js';

/**
 * Makes a stream of Node of a connection: for `pipeline()`, `for await`, and packages that want a `stream.Duplex`. It takes over the
 * connection. With streams, what the reader has not given out yet comes first, further reads reject with InvalidStateError, and
 * `waitClosed()` of the writer still works. With a transport, its protocol is called no more.
 *
 * Back-pressure goes both ways: the transport is paused while the readable side is full, and a write is done when the system has taken
 * all of it. `end()` ends our side of the connection. `destroy()` aborts it, unless both sides have ended; a lost connection destroys the
 * stream with its error. 'close' comes when the connection is closed.
 * @throws {TypeError} when `source` is neither a stream transport nor the reader and writer of one
 * @throws {InvalidStateError} when the connection is closing, or a task waits for the reader
 * @throws the error with which the connection was lost
 */
export function duplexFrom(source: Transport | Streams, options: TransportDuplexOptions = {}): Duplex {
  if (!Array.isArray(source)) return new TransportDuplex(checkTransport(source), options);
  const [reader, writer] = source as Partial<Streams>; // JavaScript may pass any array
  if (!(reader instanceof StreamReader) || !(writer instanceof StreamWriter)) throw wrongSource(source);
  const transport = checkTransport(writer.transport);
  const previous: Protocol = transport.getProtocol();
  const { data, isEnded } = reader[HAND_OVER](transport);
  return new TransportDuplex(transport, options, { previous, data, isEnded });
}

function checkTransport(transport: unknown): Transport {
  if (!isStreamTransport(transport)) throw wrongSource(transport);
  if (transport.isClosing()) throw new InvalidStateError('Cannot make a Duplex: the connection is closing');
  return transport;
}

function isStreamTransport(value: unknown): value is Transport {
  return typeof value === 'object' && value !== null && METHODS.every((name) => name in value);
}

/** What a stream transport has, and one of datagrams or of one direction has not. */
const METHODS: readonly (keyof Transport)[] = ['setProtocol', 'pauseReading', 'write', 'writeEof'];

function wrongSource(source: unknown): TypeError {
  return typeError(
    `A stream transport, or the reader and writer of one, is required, got ${inspect(source, { depth: 0 })}`,
  );
}
