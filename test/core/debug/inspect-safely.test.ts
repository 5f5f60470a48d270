import { inspect } from 'node:util';
import { expect } from 'chai';
import { coreFile } from '../core-file.js';

const { inspectSafely } = (await coreFile(
  'debug/inspect-safely',
)) as typeof import('../../../packages/core/dist/debug/inspect-safely.js');

describe('core/inspect-safely', () => {
  it('inspectSafely() shows what inspect() shows', () => {
    expect(inspectSafely({ a: { b: { c: 1 } } }, { depth: 0 })).to.equal('{ a: [Object] }');
  });

  it('inspectSafely() does not throw when inspect() does', () => {
    const failing = (): never => {
      throw new Error('cannot be shown');
    };
    const values = [{ [inspect.custom]: failing }, Object.assign(() => 1, { [inspect.custom]: failing })];
    expect(values.map((value) => inspectSafely(value))).to.deep.equal([
      '<object that cannot be inspected>',
      '<function that cannot be inspected>',
    ]);
  });
});
