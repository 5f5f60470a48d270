import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { type Address, libc } from '../libc/libc.js';
import { POINTER_BYTES } from '../libc/linux-abi.js';

/** Text for the system: as UTF-8, or bytes of any encoding, such as those of a file name. */
export type SystemText = string | Uint8Array;

/**
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when `text` is neither; ERR_INVALID_ARG_VALUE when it has a zero byte, where the system
 * would cut it off
 */
export function checkText(text: unknown, what: string): asserts text is SystemText {
  if (typeof text !== 'string' && !(text instanceof Uint8Array))
    throw typeError(`${what} must be a string or a Uint8Array, got ${inspect(text, { depth: 0 })}`);
  if (typeof text === 'string' ? text.includes('\0') : text.includes(0))
    throw typeError(`${what} must not have a null byte, got ${inspect(text)}`, 'ERR_INVALID_ARG_VALUE');
}

/** With the zero byte at its end. */
export function cString(text: SystemText): Buffer {
  return typeof text === 'string' ? Buffer.from(`${text}\0`) : Buffer.concat([text, ZERO]);
}

const ZERO = Buffer.alloc(1);

/** An array of strings as C has it: their addresses, and a null behind them. Keep it as long as anybody may use the address. */
export class CStrings {
  readonly address: Address;
  /** Not to be collected before. */
  readonly #memory: readonly [strings: Buffer, addresses: Uint8Array];

  constructor(texts: readonly SystemText[]) {
    const strings = joined(texts);
    const c = libc();
    const base = c.address(strings);
    const addresses = POINTER_BYTES === 8 ? new BigUint64Array(texts.length + 1) : null;
    const short = addresses ?? new Uint32Array(texts.length + 1);
    let at = 0;
    for (let index = 0; index < texts.length; index++) {
      const address = base + BigInt(at);
      if (addresses !== null) addresses[index] = address;
      else short[index] = Number(address);
      at = strings.indexOf(0, at) + 1;
    }
    const bytes = new Uint8Array(short.buffer);
    this.#memory = [strings, bytes];
    this.address = c.address(bytes);
  }

  /** How many bytes the memory has: the system limits it, E2BIG. */
  get size(): number {
    return this.#memory[0].byteLength + this.#memory[1].byteLength;
  }
}

/** Each with a zero byte at its end. Never empty: it must have an address. */
function joined(texts: readonly SystemText[]): Buffer {
  const areStrings = texts.every((text) => typeof text === 'string');
  return areStrings ? Buffer.from(`${texts.join('\0')}\0`) : Buffer.concat(texts.map(cString));
}
