import { expect } from 'chai';
import { cliFile } from './cli-file.js';
import { PARTS } from './report-parts.js';

const { makeReport } = (await cliFile(
  'report',
)) as typeof import('../../../packages/ringloop/dist/cli/report.js');
const { formatReport } = (await cliFile(
  'table',
)) as typeof import('../../../packages/ringloop/dist/cli/table.js');

describe('ringloop/cli/table', () => {
  it('formatReport() aligns the loops and adds the totals', () => {
    expect(formatReport(makeReport(PARTS)).split('\n')).to.deep.equal([
      'loop     files      bytes  calls sent  calls received  executor tasks  utilisation',
      'serve-0  1,200  3,000,000       1,200               2           1,201       50.0 %',
      'serve-1     34  1,500,000          34               2              40        3.1 %',
      'client       -          -           0               1               -       75.0 %',
      'main         -          -           5           1,234               -       10.0 %',
      '',
      '1,234 files, 4.5 MB in 1.50 s: 822.7 files/s, 3.0 MB/s',
      'per file: p50 1.23 ms, p99 23.40 ms',
      'compressed to 1.0 MB',
      'calls between threads: 1,239',
      'mismatches: 0',
      '',
    ]);
  });

  it('formatReport() says so when nothing was done', () => {
    const loops = PARTS.loops.map((loop) => ({ ...loop, files: 0, bytes: 0, compressedBytes: 0 }));
    const streamed = { ...PARTS.streamed, files: 0, bytes: 0, seconds: 0, p50Ms: null, p99Ms: null };
    const text = formatReport(makeReport({ ...PARTS, loops, streamed, interrupted: true }));
    expect(text).to.contain('0 files, 0.0 MB in 0.00 s: 0.0 files/s, 0.0 MB/s\nper file: p50 -, p99 -\n');
    expect(text).to.contain('\ninterrupted: not all files were sent\n');
  });
});
