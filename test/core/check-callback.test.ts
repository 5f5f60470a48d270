import { checkCallback, checkTime } from '@ringloop/core/internal';
import { expect } from 'chai';

describe('core/check-callback', () => {
  it('checkCallback() takes functions of all kinds that return at once', () => {
    class Greeter {
      greet(): void {
        // a method
      }
    }
    const callables = [
      () => undefined,
      new Greeter().greet.bind(null),
      Greeter,
      Math.max,
      new Proxy(() => 1, {}),
    ];
    for (const callable of callables) expect(() => checkCallback(callable, 'callSoon')).not.to.throw();
  });

  // CPython BaseEventLoopTests.test_call_soon_non_callable
  it('checkCallback() refuses what cannot be called', () => {
    const values: [unknown, string][] = [
      [5, '5'],
      ['spam', "'spam'"],
      [null, 'null'],
      [undefined, 'undefined'],
      [{}, '{}'],
    ];
    for (const [value, shown] of values) {
      expect(() => checkCallback(value, 'callSoon'))
        .to.throw(TypeError, `a callable object was expected by callSoon(), got ${shown}`)
        .with.property('code', 'ERR_INVALID_ARG_TYPE');
    }
  });

  // CPython BaseEventLoopTests.test_call_coroutine
  it('checkCallback() refuses async and generator functions, bound ones too', () => {
    async function simple(): Promise<void> {
      // never called
    }
    function* generate(): Generator<number> {
      yield 1;
    }
    async function* stream(): AsyncGenerator<number> {
      yield await Promise.resolve(1);
    }
    const kinds: [unknown, string][] = [
      [simple, 'AsyncFunction simple'],
      [simple.bind(null), 'AsyncFunction bound simple'],
      [generate, 'GeneratorFunction generate'],
      [stream, 'AsyncGeneratorFunction stream'],
    ];
    for (const [fn, what] of kinds) {
      expect(() => checkCallback(fn, 'callLater')).to.throw(
        TypeError,
        `coroutines cannot be used with callLater(), got ${what}`,
      );
    }
  });

  it('checkTime() takes every number but NaN', () => {
    for (const seconds of [0, -1, 1e300, Infinity, -Infinity])
      expect(() => checkTime(seconds, 'delay')).not.to.throw();
    for (const seconds of [NaN, null, undefined, '1', 1n]) {
      expect(() => checkTime(seconds, 'delay')).to.throw(
        TypeError,
        /^delay must be a number of seconds, got /,
      );
    }
  });
});
