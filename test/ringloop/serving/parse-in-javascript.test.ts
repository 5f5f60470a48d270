import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

const ends = new URL('../../stress/fixtures/end-serving-loops.js', import.meta.url).pathname;

// In a process of its own: it was aborted, on Node 20.
describe('ringloop/parse-in-javascript', () => {
  for (const way of ['endless loop', 'deep recursion']) {
    it(`serveHttp() lets the process live when loops that parse requests are terminated: ${way}`, async () => {
      const command = [ends, 'http shared', way, '8', '11'];
      const { stdout } = await promisify(execFile)(process.execPath, command, { timeout: 60_000 });
      expect(stdout.trim()).to.equal('done');
    })
      .timeout(60_000)
      .slow(20_000);
  }
});
