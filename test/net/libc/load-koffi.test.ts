import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { expect } from 'chai';

const execute = promisify(execFile);

describe('net/load-koffi', () => {
  it('loadKoffi() is called at the first socket only, and says what is missing where there is no koffi', async () => {
    const fixture = new URL('../fixtures/without-koffi.js', import.meta.url).pathname;
    const { stdout } = await execute(process.execPath, [fixture]);
    const refused = 'true ERR_NATIVE_CALLS_UNAVAILABLE true true';
    expect(stdout.trim().split('\n')).to.deep.equal(['runs', refused, refused, refused]);
  }).slow(2000);

  it('loadKoffi() keeps koffi in memory when the last thread that has loaded it ends', async () => {
    const code = `
      const { Worker } = require('worker_threads');
      const inside = "import('@ringloop/net').then(({ Socket }) => new Socket().close())";
      new Worker(inside, { eval: true }).on('exit', () => {
        console.log(/koffi.node/.test(require('fs').readFileSync('/proc/self/maps', 'utf8')));
      });`;
    const { stdout } = await execute(process.execPath, ['-e', code]);
    expect(stdout).to.equal('true\n');
  }).slow(2000);

  it('loadKoffi() is not called by an import', async () => {
    const code = `import('ringloop').then(() => {
      const { readFileSync } = require('fs');
      require('worker_threads').parentPort.postMessage(Object.keys(require.cache).some((path) => path.includes('koffi')));
    })`;
    const [loaded] = (await once(new Worker(code, { eval: true }), 'message')) as [boolean];
    expect(loaded).to.equal(false);
  }).slow(2000);
});
