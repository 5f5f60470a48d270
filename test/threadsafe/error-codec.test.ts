import { expect } from 'chai';
import { CancelledError, LoopStateError } from '@ringloop/core';
import { registerErrorClass } from '@ringloop/threadsafe';
import { decodeError, encodeError } from '@ringloop/threadsafe/internal';

/** What a thrown value is after it has crossed to another thread. */
const cross = (thrown: unknown): Error & Record<string, unknown> =>
  decodeError(structuredClone(encodeError(thrown))) as Error & Record<string, unknown>;

class RegisteredError extends Error {
  override readonly name = 'RegisteredError';
  get code(): string {
    return `ERR_${'getter'.toUpperCase()}`; // a getter, and no setter
  }
}

class UnknownError extends Error {
  readonly code = 'ERR_UNKNOWN';
}

describe('error codec', () => {
  it('keeps class, message, stack and own properties', () => {
    const error = new LoopStateError('no', 'ERR_LOOP_CLOSED');
    const crossed = cross(error);
    expect(crossed).to.be.instanceOf(LoopStateError);
    expect(crossed).to.include({
      message: 'no',
      code: 'ERR_LOOP_CLOSED',
      stack: error.stack,
      name: 'LoopStateError',
    });
    expect(Object.prototype.toString.call(crossed)).to.equal('[object Error]');
  });

  it('keeps causes and the errors of an AggregateError, each with its class', () => {
    const crossed = cross(
      new AggregateError([new CancelledError('a'), 'b'], 'c', { cause: new URIError('d') }),
    );
    expect(crossed).to.be.instanceOf(AggregateError);
    const [first, second] = crossed.errors as [Error, unknown];
    expect([first.constructor, first.message, second]).to.deep.equal([CancelledError, 'a', 'b']);
    expect(crossed.cause).to.be.instanceOf(URIError);
  });

  it('keeps DOMExceptions', () => {
    const crossed = cross(new DOMException('gone', 'AbortError'));
    expect(crossed)
      .to.be.instanceOf(DOMException)
      .and.to.include({ name: 'AbortError', message: 'gone', code: 20 });
  });

  it('gives an error of an unknown class its name and properties', () => {
    expect(cross(new UnknownError('what')))
      .to.be.instanceOf(Error)
      .and.to.include({ name: 'UnknownError', code: 'ERR_UNKNOWN' });
  });

  it('puts errors of a registered class together without calling its constructor', () => {
    registerErrorClass(RegisteredError);
    const crossed = cross(Object.assign(new RegisteredError('r'), { extra: new Map([[1, 2]]) }));
    expect(crossed).to.be.instanceOf(RegisteredError).and.to.include({ code: 'ERR_GETTER' });
    expect(crossed.extra).to.deep.equal(new Map([[1, 2]]));
  });

  it('survives circular causes and properties that cannot be sent', () => {
    const error: Error & { f?: unknown } = new Error('round');
    error.cause = error;
    error.f = () => 1;
    expect(cross(error).f).to.equal('[Function (anonymous)]');
  });

  it('passes on what is no error as it is, or as it looks', () => {
    expect([cross('text'), cross(undefined), cross({ a: 1 }), cross(Symbol('s'))]).to.deep.equal([
      'text',
      undefined,
      { a: 1 },
      'Symbol(s)',
    ]);
  });

  it('registerErrorClass() refuses a second class of the same name', () => {
    class TypeError extends Error {}
    expect(() => registerErrorClass(TypeError)).to.throw('Cannot register an error class');
    expect(() => registerErrorClass(class extends Error {})).to.throw('Cannot register an error class');
  });
});
