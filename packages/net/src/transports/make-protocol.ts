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
  if (typeof made === 'object' && made !== null && !types.isPromise(made)) {
    checkHalves(made, CODE);
    return made as P; // as the factory declares
  }
  watchResult(made, (thrown) => {
    const exception = thrown instanceof Error ? thrown : new Error(inspect(thrown));
    loop.callExceptionHandler({ message: 'Exception in a protocol factory', exception });
  });
  throw typeError(`protocolFactory must return a protocol, got ${inspect(made, { depth: 0 })}`, CODE);
}

/**
 * What `setProtocol()` checks.
 * @throws {TypeError} when `protocol` is no object, or has only half of a BufferedProtocol
 */
export function checkProtocol(protocol: unknown): void {
  if (typeof protocol !== 'object' || protocol === null)
    throw typeError(`A protocol was expected, got ${inspect(protocol, { depth: 0 })}`);
  checkHalves(protocol, 'ERR_INVALID_ARG_TYPE');
}

/** A protocol that can neither be lent memory nor lend it would never get its data. */
function checkHalves(protocol: object, code: string): void {
  const { dataReceived, getBuffer, bufferUpdated } = protocol as Record<string, unknown>;
  if (typeof dataReceived === 'function' || typeof getBuffer === typeof bufferUpdated) return;
  const found = inspect(protocol, { depth: 0 });
  throw typeError(`A BufferedProtocol needs the methods getBuffer and bufferUpdated, got ${found}`, code);
}

/** Whether makeProtocol() threw this error. It is then a bug of the program: a peer cannot cause it. */
export function isWrongProtocol(thrown: unknown): boolean {
  return thrown instanceof TypeError && 'code' in thrown && thrown.code === CODE;
}
