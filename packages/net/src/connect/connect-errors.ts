import { getSystemErrorMap } from 'node:util';
import type { AddressInput } from '../sockets/sockaddr.js';
import { rephrased, type SystemError } from '../libc/system-error.js';

/**
 * Returns the error to throw when all addresses have failed: the first one if all messages are equal, else an
 * AggregateError with all of them. Without any error, it makes one with the message `none`.
 */
export function combineErrors(
  errors: readonly SystemError[],
  none = 'getaddrinfo() returned empty list',
): Error {
  const [first] = errors;
  if (first === undefined) {
    return Object.assign(new Error(none), { code: 'EADDRNOTAVAIL', syscall: 'connect' });
  }
  if (errors.every((error) => error.message === first.message)) return first;
  const messages = errors.map((error) => error.message).join(', ');
  const { code, errno, syscall } = first; // Node, too, gives an AggregateError the code of its first error
  return Object.assign(new AggregateError(errors, `Multiple exceptions: ${messages}`), {
    code,
    errno,
    syscall,
  });
}

/** Gives an error of bind() the message that Python has, with the address printed as a tuple. */
export function bindingFailed(error: SystemError, address: Exclude<AddressInput, string>): SystemError {
  const reason = getSystemErrorMap().get(error.errno)?.[1] ?? error.code;
  const place = `('${address.host}', ${address.port})`;
  return rephrased(
    error,
    `error while attempting to bind on address ${place}: [errno ${-error.errno}] ${reason}`,
  );
}
