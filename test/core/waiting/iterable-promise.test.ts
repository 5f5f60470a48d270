import { expect } from 'chai';
import { coreFile } from '../core-file.js';
import { jumpingLoop } from '../virtual-loop.js';

const { iterablePromise } = (await coreFile(
  'waiting/iterable-promise',
)) as typeof import('../../../packages/core/dist/waiting/iterable-promise.js');

describe('core/iterable-promise', () => {
  it('iterablePromise() can be awaited and delegated to', async () => {
    const promise = Promise.resolve('value');
    const iterable = iterablePromise(promise);
    expect(iterable).to.equal(promise);
    const delegated = await jumpingLoop().runUntilComplete(function* () {
      return yield* iterable;
    });
    expect([await iterable, delegated]).to.deep.equal(['value', 'value']);
  });

  it('iterablePromise() that rejects throws at the yield*', async () => {
    const error = new RangeError('mine');
    const caught = await jumpingLoop().runUntilComplete(function* () {
      try {
        return yield* iterablePromise(Promise.reject(error));
      } catch (thrown) {
        return thrown;
      }
    });
    expect(caught).to.equal(error);
  });
});
