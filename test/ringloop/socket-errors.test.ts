import { expect } from 'chai';
import {
  IncompleteReadError,
  LimitOverrunError,
  NativeCallsError,
  SendfileNotAvailableError,
  ServerStateError,
  TransportStateError,
} from 'ringloop';
import { packThrown, unpack } from '@ringloop/threadsafe/internal';

describe('ringloop/socket-errors', () => {
  // CPython: test_IncompleteReadError_pickleable, test_LimitOverrunError_pickleable
  for (const error of [
    new IncompleteReadError(Buffer.from('abc'), 10),
    new IncompleteReadError(Buffer.from('abc'), null),
    new LimitOverrunError('message', 10),
    new NativeCallsError('no koffi'),
    new SendfileNotAvailableError('no fallback'),
    new ServerStateError('closed', 'ERR_SERVER_CLOSED'),
    new TransportStateError('late', 'ERR_WRITE_AFTER_EOF'),
  ]) {
    it(`${error.name} "${error.message}" keeps its class and properties between threads`, () => {
      const crossed = unpack(structuredClone(packThrown(error))) as Error & Record<string, unknown>;
      expect(crossed).to.be.instanceOf(error.constructor);
      const { name, message, code } = error;
      expect(crossed).to.include({ name, message, code });
      if (error instanceof LimitOverrunError) expect(crossed.consumed).to.equal(10);
      if (error instanceof IncompleteReadError) {
        expect(crossed.expected).to.equal(error.expected);
        expect(Buffer.from(crossed.partial as Uint8Array).toString()).to.equal('abc');
      }
    });
  }
});
