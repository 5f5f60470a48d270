import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { expect } from 'chai';

const execute = promisify(execFile);

describe('net/load-koffi', () => {
  // What is tried of macOS and Windows: the platform's name, without koffi. The machine is Linux.
  for (const [platform, reason] of [
    ['linux', 'NativeCallsError'],
    ['darwin', 'NoEpollError'],
    ['win32', 'NoEpollError'],
  ] as const) {
    it(`loadKoffi() is needed by descriptors only: without it, and on ${platform}, Node's handles carry the sockets`, async () => {
      const fixture = (name: string): string =>
        fileURLToPath(new URL(`../fixtures/${name}.js`, import.meta.url));
      const { stdout, stderr } = await execute(
        process.execPath,
        ['--import', new URL('../fixtures/hide-koffi.js', import.meta.url).href, fixture('without-epoll')],
        { env: { ...process.env, RINGLOOP_NET: '', RINGLOOP_TEST_PLATFORM: platform } },
      );
      const refused = `NoEpollError ERR_NO_EPOLL ${reason}`;
      const native =
        platform === 'linux'
          ? 'NativeCallsError ERR_NATIVE_CALLS_UNAVAILABLE Error'
          : 'NoEpollError ERR_NO_EPOLL';
      expect(stdout.trim().split('\n')).to.deep.equal([
        'net: libuv',
        'TCP: hello,server lost',
        'UDP: datagram',
        `addReader: ${refused}`,
        `addWriter: ${refused}`,
        'removeReader: false',
        `sockRecv: ${refused}`,
        `Socket: ${native}`,
        `net: epoll: ${native}`,
        `service: ResolutionError EAI_SERVICE`,
        'timeout: TimeoutError ERR_TIMEOUT CancelledError',
        'testing: x by libuv',
        'clock: 3600',
        'group: 2',
        'served in other loops: x by libuv,x by libuv',
        'koffi in memory: false',
      ]);
      expect(stderr).to.equal('');
    }).slow(5000);
  }

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
