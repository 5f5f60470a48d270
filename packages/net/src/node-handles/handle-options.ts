import { NoEpollError } from '../errors.js';
import { SO_TYPE, SOL_SOCKET } from '../libc/linux-abi.js';

/** Socket options by level and name. Node sets some of them and tells none: those that were set are kept here. */
export class HandleOptions {
  readonly #values = new Map<string, number>();
  readonly #setters = new Map<string, (value: number) => void>();

  constructor(type: number) {
    this.has(SOL_SOCKET, SO_TYPE, type);
  }

  /** The option has this value, and cannot be changed. */
  has(level: number, name: number, value: number): void {
    this.#values.set(`${level} ${name}`, value);
  }

  /** The option can be set through Node, and is `value` now. */
  settable(level: number, name: number, value: number, set: (value: number) => void): void {
    this.has(level, name, value);
    this.#setters.set(`${level} ${name}`, set);
  }

  /** @throws {NoEpollError} ERR_NO_EPOLL when Node cannot set it */
  set(level: number, name: number, value: number | boolean | Uint8Array): void {
    const set = this.#setters.get(`${level} ${name}`);
    if (set === undefined)
      throw new NoEpollError(`Cannot set socket option ${name} of level ${level}: Node has no call for it`);
    const number = value instanceof Uint8Array ? firstWord(value) : Number(value);
    set(number);
    this.has(level, name, number);
  }

  /** @throws {NoEpollError} ERR_NO_EPOLL when it is not known */
  get(level: number, name: number): number {
    const value = this.#values.get(`${level} ${name}`);
    if (value !== undefined) return value;
    throw new NoEpollError(`Cannot get socket option ${name} of level ${level}: Node has no call for it`);
  }

  /** Like `get()`, as the bytes that getsockopt(2) would give. */
  bytes(level: number, name: number, most: number): Buffer {
    return Buffer.from(new Int32Array([this.get(level, name)]).buffer).subarray(0, most);
  }
}

/** An int in native byte order. */
function firstWord(bytes: Uint8Array): number {
  return new Int32Array(Uint8Array.from([...bytes.subarray(0, 4), 0, 0, 0, 0]).buffer, 0, 1)[0] ?? 0; // always there
}
