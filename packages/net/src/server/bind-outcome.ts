import { bindingFailed } from '../connect/connect-errors.js';
import { isSystemError } from '../libc/system-error.js';
import type { ResolvedAddress } from '../names/resolve.js';

/** Null when this machine does not have the address. Throws any other error. */
export function skippable(thrown: unknown, address: ResolvedAddress): null {
  if (!isSystemError(thrown)) throw thrown;
  if (thrown.code === 'EADDRNOTAVAIL') return null;
  throw bindingFailed(thrown, address);
}
