/**
 * The answer of a serving loop for one file. Answers are sent in the order of the requests.
 *
 *   bytes 0–31    SHA-256 of the file
 *   bytes 32–39   length of the file: unsigned, big-endian
 *   bytes 40–47   length of the compressed file: unsigned, big-endian
 */
import { ProtocolError } from './errors.js';

const DIGEST_BYTES = 32;
export const ANSWER_BYTES = DIGEST_BYTES + 16;

export interface Answer {
  readonly digest: Buffer;
  readonly bytes: number;
  readonly compressedBytes: number;
}

export function encodeAnswer({ digest, bytes, compressedBytes }: Answer): Buffer {
  const data = Buffer.alloc(ANSWER_BYTES);
  digest.copy(data);
  data.writeBigUInt64BE(BigInt(bytes), DIGEST_BYTES);
  data.writeBigUInt64BE(BigInt(compressedBytes), DIGEST_BYTES + 8);
  return data;
}

/** Parses answers from a stream that may be cut anywhere. */
export class AnswerParser {
  #data = Buffer.alloc(ANSWER_BYTES);
  #filled = 0;

  /**
   * Returns the answer once it is complete, else null. The next answer may begin then.
   * @throws {ProtocolError} when more bytes follow: the client has sent no other request
   */
  push(data: Buffer): Answer | null {
    if (data.length > ANSWER_BYTES - this.#filled) {
      throw new ProtocolError(`Cannot take an answer of more than ${ANSWER_BYTES} bytes`);
    }
    this.#filled += data.copy(this.#data, this.#filled);
    if (this.#filled < ANSWER_BYTES) return null;
    const answer = decodeAnswer(this.#data);
    this.#data = Buffer.alloc(ANSWER_BYTES); // the digest of the answer points into the old one
    this.#filled = 0;
    return answer;
  }
}

function decodeAnswer(data: Buffer): Answer {
  return {
    digest: data.subarray(0, DIGEST_BYTES),
    bytes: Number(data.readBigUInt64BE(DIGEST_BYTES)),
    compressedBytes: Number(data.readBigUInt64BE(DIGEST_BYTES + 8)),
  };
}
