import { expect } from 'chai';
import { cliFile } from './cli-file.js';
import { PARTS } from './report-parts.js';

const { makeReport } = (await cliFile(
  'report',
)) as typeof import('../../../packages/ringloop/dist/cli/report.js');

describe('ringloop/cli/report', () => {
  it('makeReport() adds the loops up', () => {
    expect(makeReport(PARTS)).to.include({
      ok: true,
      interrupted: false,
      files: 1234,
      bytes: 4_500_000,
      compressedBytes: 1_000_000,
      mismatches: 0,
      seconds: 1.5,
      crossThreadCalls: 1239,
    });
  });

  it('makeReport() is not ok with a mismatch, or when it was interrupted', () => {
    const wrong = makeReport({ ...PARTS, streamed: { ...PARTS.streamed, mismatches: ['a', 'b'] } });
    expect(wrong).to.include({ ok: false, mismatches: 2 });
    expect(makeReport({ ...PARTS, interrupted: true })).to.include({ ok: false, interrupted: true });
  });

  it('makeReport() throws when a report was lost', () => {
    const streamed = { ...PARTS.streamed, files: 1235 };
    expect(() => makeReport({ ...PARTS, streamed })).to.throw(
      'The loops have reported 1234 files, and the client has sent 1235',
    );
  });
});
