/**
 * The request that the client sends for one file. Requests follow each other on a connection.
 *
 *   bytes 0–7   length of the file: unsigned, big-endian
 *   bytes 8–    the file
 */
import { ProtocolError } from './errors.js';

export const HEADER_BYTES = 8;

/** 1 TiB, arbitrary: a peer that announces a longer file does not speak our protocol. */
export const LONGEST_FILE_BYTES = 2 ** 40;

export function encodeHeader(lengthBytes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeBigUInt64BE(BigInt(lengthBytes));
  return header;
}

/** The methods that a parser calls for each request: begin, data any number of times, end. */
export interface RequestSink {
  begin(lengthBytes: number): void;
  data(chunk: Buffer): void;
  end(): void;
}

/** Splits a stream into requests and their parts. The stream itself may be cut anywhere. */
export class RequestParser {
  readonly #sink: RequestSink;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerFilled = 0;
  /** Null between requests and within a header. */
  #bodyLeft: number | null = null;

  constructor(sink: RequestSink) {
    this.#sink = sink;
  }

  /** Whether a request has begun and not ended. */
  get isMidRequest(): boolean {
    return this.#headerFilled > 0 || this.#bodyLeft !== null;
  }

  /** @throws {ProtocolError} when a length is too large: the rest of the stream has no meaning then */
  push(data: Buffer): void {
    let rest = data;
    while (rest.length > 0) {
      rest = this.#bodyLeft === null ? this.#takeHeader(rest) : this.#takeBody(rest, this.#bodyLeft);
    }
  }

  #takeHeader(data: Buffer): Buffer {
    const copied = data.copy(this.#header, this.#headerFilled);
    this.#headerFilled += copied;
    if (this.#headerFilled === HEADER_BYTES) this.#begin(this.#header.readBigUInt64BE());
    return data.subarray(copied);
  }

  #begin(length: bigint): void {
    if (length > LONGEST_FILE_BYTES) throw new ProtocolError(`Cannot take a file of ${String(length)} bytes`);
    this.#headerFilled = 0;
    this.#bodyLeft = Number(length);
    this.#sink.begin(this.#bodyLeft);
    if (this.#bodyLeft === 0) this.#end();
  }

  #takeBody(data: Buffer, left: number): Buffer {
    const chunk = data.subarray(0, left);
    this.#bodyLeft = left - chunk.length;
    this.#sink.data(chunk);
    if (this.#bodyLeft === 0) this.#end();
    return data.subarray(chunk.length);
  }

  #end(): void {
    this.#bodyLeft = null;
    this.#sink.end();
  }
}
