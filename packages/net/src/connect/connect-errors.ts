import { getSystemErrorMap } from 'node:util';
import type { AddressInput } from '../sockets/sockaddr.js';
import { rephrased, type SystemError } from '../libc/system-error.js';

/** What to throw when all addresses failed: the one error, or the first if they read the same, or all of them in one. */
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

/** Python's words, with the address as it prints a tuple. */
export function bindingFailed(error: SystemError, address: Exclude<AddressInput, string>): SystemError {
  const reason = getSystemErrorMap().get(error.errno)?.[1] ?? error.code;
  const place = `('${address.host}', ${address.port})`;
  return rephrased(
    error,
    `error while attempting to bind on address ${place}: [errno ${-error.errno}] ${reason}`,
  );
}
