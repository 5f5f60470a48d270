import { inspect } from 'node:util';
import { isError, typeError } from '@ringloop/core/internal';
import { NativeCallsError, NoEpollError } from './errors.js';
import { libc } from './libc/libc.js';

/** What carries the sockets of a loop: descriptors of our own in epoll, or the handles of Node and libuv. */
export type NetBackend = 'epoll' | 'libuv';

export interface NetChoice {
  readonly backend: NetBackend;
  /** Why there is no epoll; null where there is, or where nobody has looked. */
  readonly reason: Error | null;
}

/**
 * Chooses what carries the sockets of a loop: what is asked for, else what the environment variable RINGLOOP_NET names, else epoll where it
 * can be had.
 * @throws {TypeError} ERR_INVALID_ARG_VALUE for any other word
 * @throws {NoEpollError} ERR_NO_EPOLL when epoll is asked for outside Linux
 * @throws {NativeCallsError} ERR_NATIVE_CALLS_UNAVAILABLE when epoll is asked for, and koffi does not load
 */
export function chooseNet(asked: NetBackend | undefined): NetChoice {
  const option = checked(asked, "The option 'net'");
  const variable = checked(process.env.RINGLOOP_NET, 'RINGLOOP_NET'); // checked in any case: a typing error must not hide
  const wanted = option ?? variable;
  if (wanted === 'libuv') return { backend: 'libuv', reason: null };
  const reason = whyNoEpoll();
  if (reason === null) return { backend: 'epoll', reason };
  if (wanted === 'epoll') throw reason;
  return { backend: 'libuv', reason };
}

/** JavaScript may pass anything. An empty variable counts as none. */
function checked(value: unknown, what: string): NetBackend | null {
  if (value === undefined || value === '') return null;
  if (value === 'epoll' || value === 'libuv') return value;
  throw typeError(`${what} must be 'epoll' or 'libuv', got ${inspect(value)}`, 'ERR_INVALID_ARG_VALUE');
}

let found: Error | null | undefined;

/** Looks once in each thread: nothing changes afterwards. */
function whyNoEpoll(): Error | null {
  if (found === undefined) found = tryLibc();
  return found;
}

function tryLibc(): Error | null {
  try {
    libc();
    return null;
  } catch (thrown) {
    if (isError(thrown) && (thrown instanceof NativeCallsError || thrown instanceof NoEpollError))
      return thrown;
    throw thrown;
  }
}
