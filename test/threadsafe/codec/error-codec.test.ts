import { expect } from 'chai';
import { runInNewContext } from 'node:vm';
import { CancelledError, ExceptionGroup, LoopStateError } from '@ringloop/core';
import { registerErrorClass } from '@ringloop/threadsafe';
import { packThrown, unpack } from '@ringloop/threadsafe/internal';
import { platformValues } from '../fixtures/platform-values.js';
import { strangeErrors } from '../fixtures/strange-errors.js';

/** What a thrown value is after it has crossed to another thread. */
const cross = (thrown: unknown): Error & Record<string, unknown> =>
  unpack(structuredClone(packThrown(thrown))) as Error & Record<string, unknown>;

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

  it('gives an error of an unknown class the nearest class that is known', () => {
    class NarrowError extends RegisteredError {}
    registerErrorClass(RegisteredError);
    expect(cross(new NarrowError('n'))).to.be.instanceOf(RegisteredError);
    class OddRangeError extends RangeError {}
    expect(cross(new OddRangeError('o')))
      .to.be.instanceOf(RangeError)
      .with.property('name', 'OddRangeError');
  });

  it('keeps the name that an unknown class has given itself', () => {
    class Minified extends Error {
      override get name(): string {
        return 'BillingError';
      }
    }
    expect(cross(new Minified('m'))).to.have.property('name', 'BillingError');
  });

  it('keeps circular causes circular', () => {
    const error = new Error('round');
    error.cause = new TypeError('and round', { cause: error });
    const crossed = cross(error);
    expect(crossed.cause).to.be.instanceOf(TypeError).with.property('cause', crossed);
  });

  it('follows a chain of causes, and gives up on an endless one', () => {
    let error = new Error('first');
    for (let i = 0; i < 10_000; i++) error = new Error(`${i}`, { cause: error });
    let depth = 0;
    for (let each: unknown = cross(error); each instanceof Error; each = each.cause) depth++;
    expect(depth).to.equal(65);
  });

  it('keeps an undefined cause apart from none', () => {
    expect(cross(new Error('u', { cause: undefined }))).to.have.own.property('cause', undefined);
    expect(cross(new Error('n'))).not.to.have.own.property('cause');
  });

  it('keeps errors in properties, and in an ExceptionGroup', () => {
    const group = new ExceptionGroup('g', [
      new CancelledError('c'),
      new ExceptionGroup('inner', [new URIError('u')]),
    ]);
    const crossed = cross(
      Object.assign(group, { first: new RangeError('r'), list: [{ e: new EvalError('e') }] }),
    );
    expect(crossed).to.be.instanceOf(ExceptionGroup).with.property('code', 'ERR_EXCEPTION_GROUP');
    const [, inner] = crossed.errors as [unknown, ExceptionGroup];
    expect(inner.errors[0]).to.be.instanceOf(URIError);
    expect(crossed.first).to.be.instanceOf(RangeError);
    expect((crossed.list as { e: unknown }[])[0]?.e).to.be.instanceOf(EvalError);
    expect(Object.keys(crossed)).not.to.include('errors');
  });

  it('shows properties that cannot be sent, and getters that throw, as text', () => {
    const error = Object.assign(new Error('e'), { f: () => 1, list: [1, () => 2] });
    Object.defineProperty(error, 'bad', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    const crossed = cross(new AggregateError([error, Symbol('s')], 'a'));
    const [first, second] = crossed.errors as [Record<string, unknown>, unknown];
    expect([first.f, first.list, second]).to.deep.equal([
      '[Function: f]',
      [1, '[Function (anonymous)]'],
      'Symbol(s)',
    ]);
    expect(first.bad).to.match(/^\[Getter threw Error: no/);
  });

  it('passes on what is no error as it is, or as it looks', () => {
    expect([cross('text'), cross(undefined), cross({ a: 1 }), cross(Symbol('s'))]).to.deep.equal([
      'text',
      undefined,
      { a: 1 },
      'Symbol(s)',
    ]);
  });

  it('keeps a code that is a getter of a class that is not known, or is not enumerable', () => {
    class CodeGetter extends Error {
      get code(): string {
        return `ERR_${'getter'.toUpperCase()}`;
      }
    }
    expect(cross(new CodeGetter('c'))).to.have.property('code', 'ERR_GETTER');
    const hidden = Object.defineProperty(new Error('h'), 'code', { value: 'ERR_HIDDEN' });
    expect(cross(hidden)).to.have.property('code', 'ERR_HIDDEN');
    expect(cross(new Error('n'))).not.to.have.property('code');
  });

  it('keeps the name of a class that is not known, and its class where that is known again, at the next hops', () => {
    class Quota extends Error {}
    const second = cross(cross(new Quota('q')));
    expect([second.name, String(second)]).to.deep.equal(['Quota', 'Quota: q']);
    class LateError extends RangeError {}
    const first = cross(new LateError('l'));
    expect(first).to.be.instanceOf(RangeError).and.not.instanceOf(LateError);
    registerErrorClass(LateError);
    expect(cross(first)).to.be.instanceOf(LateError);
  });

  it('knows errors of another realm', () => {
    const error = runInNewContext(
      `Object.assign(new RangeError('far', { cause: new TypeError('why') }), { code: 'E', list: [new Error('in')] })`,
    ) as unknown;
    const crossed = cross(error);
    expect(crossed)
      .to.be.instanceOf(RangeError)
      .and.to.include({ message: 'far', code: 'E', name: 'RangeError' });
    expect(crossed.cause).to.be.instanceOf(TypeError);
    expect((crossed.list as unknown[])[0]).to.be.instanceOf(Error);
  });

  it('does not take an object of a user for one of its own markers', () => {
    class Job {
      readonly 'ringloop.wire' = { kind: 'LoopRef' };
    }
    const wire = { 'ringloop.wire': 'a field' };
    const crossed = cross(Object.assign(new Error('job'), { job: new Job(), wire, error: new Error('e') }));
    expect([crossed.job, crossed.wire]).to.deep.equal([{ 'ringloop.wire': { kind: 'LoopRef' } }, wire]);
    expect(crossed.error).to.be.instanceOf(Error);
  });

  it('shows what is too deep for a small stack as text', () => {
    const list = (length: number): unknown =>
      Array.from({ length }).reduce<unknown>((next) => ({ next }), null);
    const crossed = cross(Object.assign(new Error('deep'), { long: list(100_000), short: list(50) }));
    expect([crossed.message, typeof crossed.long]).to.deep.equal(['deep', 'string']);
    expect(crossed.short).to.deep.equal(list(50));
  });

  it('sends what only Node can clone to one receiver, and shows it to many', () => {
    const error = Object.assign(new Error('m'), { module: platformValues['WebAssembly.Module']?.() });
    expect(Object.prototype.toString.call(cross(error).module)).to.equal('[object WebAssembly.Module]');
    const toMany = unpack(structuredClone(packThrown(error, 'many')));
    expect(toMany).to.have.property('module').that.is.a('string');
  });

  it('works where Error is frozen', () => {
    const before = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')!; // V8 has it
    Object.defineProperty(Error, 'stackTraceLimit', { ...before, writable: false });
    try {
      expect(cross(new RangeError('frozen'))).to.be.instanceOf(RangeError);
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', before);
    }
  });

  for (const [what, make] of Object.entries(strangeErrors)) {
    it(`sends some error, whatever was thrown: ${what}`, () => {
      const [thrown, message] = make();
      const crossed = cross(thrown);
      if (message === '') expect(crossed).to.be.a('string');
      else expect(crossed).to.be.instanceOf(Error).with.property('message').that.includes(message);
    });
  }

  it('registerErrorClass() refuses a second class of the same name', () => {
    class TypeError extends Error {}
    expect(() => registerErrorClass(TypeError)).to.throw('Cannot register an error class');
    expect(() => registerErrorClass(class extends Error {})).to.throw('Cannot register an error class');
  });
});
