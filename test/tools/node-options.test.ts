import { expect } from 'chai';
import { JOBS } from './jobs.js';
import { type Ended, nodeIs, nodeMajor, Project } from './project.js';

/** Every package at work. */
const MAIN = `
import { AsyncLocalStorage } from 'node:async_hooks';
import { getRunningLoop, LoopGroup, run, sleep } from 'ringloop';
import { add } from './jobs.mjs';
const request = new AsyncLocalStorage();
await run(async () => {
  const loop = getRunningLoop();
  request.run('request 7', () => loop.callSoon(() => console.log('context', request.getStore())));
  await sleep(0.01);
  const group = await LoopGroup.spawn({ loops: 1 });
  console.log('group', await group.next().runCoroutineThreadsafe(add, 1, 2));
  console.log('executor', await loop.runInExecutor(null, add, 1, 2));
  let answered;
  const answer = new Promise((resolve) => (answered = resolve));
  const echo = { connectionMade(transport) { this.transport = transport; }, dataReceived(data) { this.transport.write(data); } };
  const server = await loop.createServer(() => echo, { host: '127.0.0.1', port: 0 });
  const [transport] = await loop.createConnection(
    () => ({ connectionMade() {}, dataReceived: (data) => answered(String(data)) }),
    { host: '127.0.0.1', port: server.sockets[0].getsockname().port },
  );
  transport.write(Buffer.from('hello'));
  console.log('net', await answer);
  transport.close();
  server.close();
  await group.close();
});
`;
const OUTPUT = 'context request 7\ngroup 3\nexecutor 3\nnet hello\n';

/** What needs a descriptor. */
const NEW_SOCKET = "import { Socket } from 'ringloop'; new Socket();";

const FORMS: readonly (readonly [args: readonly string[], works: boolean])[] = [
  [[], true],
  [['--preserve-symlinks'], true],
  [['--preserve-symlinks', '--preserve-symlinks-main'], true],
  [['--frozen-intrinsics'], true],
  [['--disallow-code-generation-from-strings'], true],
  [['--experimental-async-context-frame'], nodeMajor === 22],
  [['--no-async-context-frame'], nodeMajor === 24],
  [['--permission', '--allow-fs-read=*', '--allow-worker', '--allow-addons'], nodeIs(22, 13)],
  [['--permission', '--allow-fs-read=*', '--allow-worker'], nodeIs(22, 13) && !nodeIs(25, 0)],
  [['--permission', '--allow-fs-read=*', '--allow-worker', '--allow-net'], nodeIs(25, 0)],
];

describe('Node started', function () {
  this.slow(10_000); // starts a process and several threads
  this.timeout(60_000);

  let project: Project;

  before(async () => {
    project = await Project.make('module', { 'jobs.mjs': JOBS, 'main.js': MAIN });
  });

  after(() => project.remove());

  const run = (...args: string[]): Promise<Ended> => project.node(['--no-warnings', ...args]);

  for (const [args, works] of FORMS) {
    if (!works) continue; // this Node does not have the option
    const title = args.length === 0 ? 'without options' : `with ${args.join(' ')}`;
    it(`${title} runs loops, groups, executors and sockets`, async () => {
      expect(await run(...args, 'main.js')).to.deep.equal({ code: 0, stdout: OUTPUT, stderr: '' });
    });
  }

  it('with options in NODE_OPTIONS runs them as well', async () => {
    const env = { NODE_OPTIONS: '--frozen-intrinsics --preserve-symlinks --no-warnings' };
    expect(await project.node(['main.js'], env)).to.deep.equal({ code: 0, stdout: OUTPUT, stderr: '' });
  });

  it("with --no-addons runs them on Node's own handles, and says so where descriptors are asked for", async () => {
    expect(await run('--no-addons', 'main.js')).to.deep.equal({ code: 0, stdout: OUTPUT, stderr: '' });
    const { stderr } = await run('--no-addons', '--input-type=module', '--eval', NEW_SOCKET);
    expect(stderr).to.include(
      'NativeCallsError: Cannot call the C library: this process may not load addons',
    );
  });

  if (nodeIs(22, 13)) {
    it('with --permission says which permission is missing', async () => {
      const noWorkers = await run('--permission', '--allow-fs-read=*', 'main.js');
      expect(noWorkers.stderr).to.include('--allow-worker').and.to.include('ERR_ACCESS_DENIED');
      const noAddons = await run(
        '--permission',
        '--allow-fs-read=*',
        '--input-type=module',
        '--eval',
        NEW_SOCKET,
      );
      expect(noAddons.stderr).to.include('--allow-addons').and.to.include('ERR_NATIVE_CALLS_UNAVAILABLE');
    });
  }

  for (const [args, imports, url] of [
    [
      ['--input-type=module', '--eval'],
      `import { LoopGroup, remote, run } from 'ringloop'; const loaded = import('./jobs.mjs');`,
      'import.meta.url',
    ],
    [
      ['--print'],
      `const { LoopGroup, remote, run } = require('ringloop'); const loaded = import('./jobs.mjs');`,
      `require('url').pathToFileURL(__filename).href`,
    ],
  ] as const) {
    it(`with ${args.join(' ')} runs code that calls functions of modules, and refuses to send its own`, async () => {
      const code = `${imports}
        const own = remote(${url}, function own() {});
        void run(async () => {
          const { add } = await loaded;
          const group = await LoopGroup.spawn({ loops: 1 });
          console.log(await group.next().runCoroutineThreadsafe(add, 1, 2));
          try { group.next().callSoonThreadsafe(own); } catch (error) { console.log(error.code, error.message); }
          await group.close();
        });`;
      const { code: exitCode, stdout, stderr } = await run(...args, code);
      expect({ exitCode, stderr }).to.deep.equal({ exitCode: 0, stderr: '' });
      const printed = stdout.split('\n').filter((line) => !/^(Promise \{.*|undefined|)$/.test(line));
      expect(printed[0]).to.equal('3');
      expect(printed[1]).to.match(
        /^ERR_REMOTE_FUNCTION Cannot send own to another thread: it is of file:.*(?:\[eval1?\]|%5Beval%5D), the code of --eval or standard input, which no other thread can import\. Put it into a file$/,
      );
    });
  }

  it('with --test runs tests that use it', async () => {
    await project.write({
      'all.test.mjs': `
        import { test } from 'node:test';
        import assert from 'node:assert';
        import { getRunningLoop, LoopGroup, run, sleep } from 'ringloop';
        import { add } from './jobs.mjs';
        test('all', () => run(async () => {
          const group = await LoopGroup.spawn({ loops: 1 });
          assert.equal(await group.next().runCoroutineThreadsafe(add, 1, 2), 3);
          assert.equal(await getRunningLoop().runInExecutor(null, add, 1, 2), 3);
          await group.close();
        }));
        test('again', () => run(() => sleep(0.01)));`,
    });
    const { code, stdout } = await run('--test', '--test-reporter=tap', 'all.test.mjs');
    expect(stdout).to.include('# pass 2\n# fail 0\n');
    expect(code).to.equal(0);
  });
});
