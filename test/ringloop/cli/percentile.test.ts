import { expect } from 'chai';
import { cliFile } from './cli-file.js';

const { percentile } = (await cliFile(
  'percentile',
)) as typeof import('../../../packages/ringloop/dist/cli/percentile.js');

describe('ringloop/cli/percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

  it('percentile() is the least value that the given fraction of the values does not exceed', () => {
    expect([0, 0.5, 0.99, 1].map((fraction) => percentile(hundred, fraction))).to.deep.equal([
      1, 50, 99, 100,
    ]);
    expect([0.5, 0.99].map((fraction) => percentile([7], fraction))).to.deep.equal([7, 7]);
    expect(percentile([1, 2, 3], 0.5)).to.equal(2);
  });

  it('percentile() of nothing is null', () => {
    expect(percentile([], 0.5)).to.equal(null);
  });
});
