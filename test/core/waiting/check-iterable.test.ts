import { type BaseEventLoop, sleep } from '@ringloop/core';
import { expect } from 'chai';
import { coreFile } from '../core-file.js';
import { jumpingLoop } from '../virtual-loop.js';

const { checkIterable } = (await coreFile('waiting/check-iterable')) as {
  checkIterable: (value: unknown, caller: string) => void;
};

describe('core/check-iterable', () => {
  const loop: BaseEventLoop = jumpingLoop();

  it('checkIterable() takes whatever can be iterated', () => {
    function* generator(): Generator<number> {
      yield 1;
    }
    for (const value of [[], new Set(), new Map().values(), generator()]) checkIterable(value, 'test()');
  });

  it('checkIterable() refuses everything else, futures first of all', async () => {
    await loop.runUntilComplete(async () => {
      const wrong = [
        loop.createFuture(),
        sleep(0),
        Promise.resolve(),
        'text',
        5,
        null,
        undefined,
        {},
        async () => 1,
      ];
      for (const value of wrong) {
        expect(() => checkIterable(value, 'test()'))
          .to.throw(TypeError, 'test() expects an iterable of futures, not ')
          .with.property('code', 'ERR_INVALID_ARG_TYPE');
      }
    });
  });
});
