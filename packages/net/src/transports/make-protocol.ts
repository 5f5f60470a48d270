import { inspect, types } from 'node:util';
import { typeError, watchResult } from '@ringloop/core/internal';
import type { Protocol, ProtocolFactory } from './protocol.js';
import type { SelectorEventLoop } from '../selector-event-loop.js';

const CODE = 'ERR_INVALID_RETURN_VALUE';

/**
 * Calls `factory`. A connection has its protocol from its first moment on, so nobody can wait for one.
 * @throws {TypeError} ERR_INVALID_RETURN_VALUE when it gives a promise, or what is no object
 */
export function makeProtocol<P extends Protocol>(loop: SelectorEventLoop, factory: ProtocolFactory<P>): P {
  const made: unknown = factory();
  if (typeof made === 'object' && made !== null && !types.isPromise(made)) return made as P; // as its type says
  watchResult(made, (thrown) => {
    const exception = thrown instanceof Error ? thrown : new Error(inspect(thrown));
    loop.callExceptionHandler({ message: 'Exception in a protocol factory', exception });
  });
  throw typeError(`protocolFactory must return a protocol, got ${inspect(made, { depth: 0 })}`, CODE);
}

/** Whether makeProtocol() threw it: a bug of the program, not something that a peer can cause. */
export function isWrongProtocol(thrown: unknown): boolean {
  return thrown instanceof TypeError && 'code' in thrown && thrown.code === CODE;
}
