import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { checkInt } from './check-int.js';
import { IPPROTO_TCP, SO_LINGER, SOL_SOCKET, TCP_USER_TIMEOUT } from '../libc/linux-abi.js';

/** The part of a Socket that reads and sets options. */
export interface OptionAccess {
  readonly family: number;
  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void;
  getsockopt(level: number, name: number): number;
  getsockopt(level: number, name: number, bytes: number): Buffer;
}

/** How the values of an option are checked, and carried to and from the system. */
export interface OptionKind<T> {
  get(sock: OptionAccess): T;
  /** @param name stands in the error for a wrong value */
  set(sock: OptionAccess, name: string, value: T): void;
}

/** The most seconds that fit into the 16 bits that other systems have for SO_LINGER, and that no timer of the kernel wraps at. */
const MOST_LINGER = 65_535;
const MS = 1000;

/** An option that is on or off. */
export function flag(level: number, option: number): OptionKind<boolean> {
  return {
    get: (sock) => sock.getsockopt(level, option) !== 0,
    set: (sock, name, value) => {
      if (typeof value !== 'boolean')
        throw typeError(`${name} must be a boolean, got ${inspect(value, { depth: 0 })}`);
      sock.setsockopt(level, option, value);
    },
  };
}

/** An option that is a whole number. */
export function whole(
  level: number,
  option: number,
  range: { readonly min: number; readonly max?: number },
): OptionKind<number> {
  return {
    get: (sock) => sock.getsockopt(level, option),
    set: (sock, name, value) => {
      checkInt(value, name, range);
      sock.setsockopt(level, option, value);
    },
  };
}

/** `struct linger`: whether, and the seconds. */
export const LINGER: OptionKind<number | null> = {
  get: (sock) => {
    const bytes = sock.getsockopt(SOL_SOCKET, SO_LINGER, 8);
    const [isOn = 0, seconds = 0] = new Int32Array(Uint8Array.from(bytes).buffer);
    return isOn === 0 ? null : seconds;
  },
  set: (sock, name, value) => {
    if (value !== null) checkInt(value, name, { min: 0, max: MOST_LINGER });
    const words = new Int32Array([value === null ? 0 : 1, value ?? 0]);
    sock.setsockopt(SOL_SOCKET, SO_LINGER, new Uint8Array(words.buffer));
  },
};

/** The system takes milliseconds. A time above 0 is never rounded to 0, which would be the system's default. */
export const USER_TIMEOUT: OptionKind<number> = {
  get: (sock) => sock.getsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT) / MS,
  set: (sock, name, value) => {
    if (typeof value !== 'number')
      throw typeError(`${name} must be a number, got ${inspect(value, { depth: 0 })}`);
    const ms = value > 0 ? Math.max(1, Math.round(value * MS)) : value * MS;
    checkInt(ms, `${name} in milliseconds`, { min: 0 });
    sock.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, ms);
  },
};
