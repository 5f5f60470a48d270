import { expect } from 'chai';
import { cliFile } from './cli-file.js';

const { exitCodeOf } = (await cliFile(
  'exit-code',
)) as typeof import('../../../packages/ringloop/dist/cli/exit-code.js');

describe('ringloop/cli/exit-code', () => {
  it('exitCodeOf() is 0 when every digest was right', () => {
    expect(exitCodeOf({ mismatches: 0, interrupted: false })).to.equal(0);
  });

  it('exitCodeOf() is 1 on any mismatch, Ctrl-C or not', () => {
    expect(exitCodeOf({ mismatches: 1, interrupted: false })).to.equal(1);
    expect(exitCodeOf({ mismatches: 2, interrupted: true })).to.equal(1);
  });

  it('exitCodeOf() is 130 after Ctrl-C', () => {
    expect(exitCodeOf({ mismatches: 0, interrupted: true })).to.equal(130);
  });
});
