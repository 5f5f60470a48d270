import { inspect, types } from 'node:util';
import { typeError, watchResult } from '@ringloop/core/internal';
import type { BaseProtocol } from './protocol.js';
import type { NetLoop } from '../loop-net.js';

const CODE = 'ERR_INVALID_RETURN_VALUE';

/**
 * Calls `factory`. It must not be async, because a connection needs its protocol from the first moment on.
 * @throws {TypeError} ERR_INVALID_RETURN_VALUE when it returns a promise, or anything else that is not a protocol
 * object
 */
export function makeProtocol<P extends BaseProtocol>(loop: NetLoop, factory: () => P): P {
  const made: unknown = factory();
  if (typeof made === 'object' && made !== null && !types.isPromise(made)) return made as P; // as the factory declares
  watchResult(made, (thrown) => {
    const exception = thrown instanceof Error ? thrown : new Error(inspect(thrown));
    loop.callExceptionHandler({ message: 'Exception in a protocol factory', exception });
  });
  throw typeError(`protocolFactory must return a protocol, got ${inspect(made, { depth: 0 })}`, CODE);
}

/** Whether makeProtocol() threw this error. It is then a bug of the program: a peer cannot cause it. */
export function isWrongProtocol(thrown: unknown): boolean {
  return thrown instanceof TypeError && 'code' in thrown && thrown.code === CODE;
}
