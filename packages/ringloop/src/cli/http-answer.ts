/** The answer of the digest service by HTTP: a JSON object with `sha256` in hexadecimal, `bytes` and `compressedBytes`. */
import type { Answer } from './answer.js';
import { ProtocolError } from './errors.js';

export function encodeHttpAnswer({ digest, bytes, compressedBytes }: Answer): string {
  return `${JSON.stringify({ sha256: digest.toString('hex'), bytes, compressedBytes })}\n`;
}

/** @throws {ProtocolError} when the text is no answer */
export function decodeHttpAnswer(text: string): Answer {
  const parsed = parse(text);
  if (typeof parsed === 'object' && parsed !== null) {
    const { sha256, bytes, compressedBytes } = parsed as Record<string, unknown>;
    if (
      typeof sha256 === 'string' &&
      /^[0-9a-f]{64}$/.test(sha256) &&
      typeof bytes === 'number' &&
      typeof compressedBytes === 'number'
    )
      return { digest: Buffer.from(sha256, 'hex'), bytes, compressedBytes };
  }
  throw new ProtocolError(`Cannot take ${JSON.stringify(text.slice(0, 100))} for an answer`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no answer either
  }
}
