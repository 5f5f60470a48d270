import { join } from 'node:path';
import { expect } from 'chai';
import { build, type BuildOptions } from 'esbuild';
import { JOBS } from './jobs.js';
import { type Ended, Project } from './project.js';

const MAIN = `
import { isMainThread } from 'node:worker_threads';
import { getRunningLoop, LoopGroup, run, sleep } from 'ringloop';
import { add } from './jobs.mjs';
if (isMainThread) void run(async () => {
  console.log(await sleep(0.01, 'core'));
  const tell = (error) => console.log(error.code, error.message);
  await LoopGroup.spawn({ loops: 1 }).then(async (group) => {
    console.log('group', await group.next().runCoroutineThreadsafe(add, 1, 2));
    await group.close();
  }, tell);
  await getRunningLoop().runInExecutor(null, add, 1, 2).then((sum) => console.log('executor', sum), tell);
});
`;

/** What esbuild needs for packages in CommonJS, which ringloop uses, in a bundle of modules. */
const REQUIRE = `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`;

describe('a bundle', function () {
  this.slow(10_000); // starts a process and several threads
  this.timeout(60_000);

  let project: Project;

  before(async () => {
    project = await Project.make('module', { 'main.js': MAIN, 'jobs.mjs': JOBS });
  });

  after(() => project.remove());

  async function bundle(outfile: string, options: BuildOptions): Promise<Ended> {
    await build({
      absWorkingDir: project.folder,
      entryPoints: ['main.js'],
      bundle: true,
      platform: 'node',
      outfile: join(project.folder, outfile),
      logLevel: 'silent',
      ...options,
    });
    return project.node([outfile]);
  }

  it('that leaves ringloop out works', async () => {
    const ended = await bundle('out.mjs', { format: 'esm', external: ['ringloop', '@ringloop/*'] });
    expect(ended).to.deep.equal({ code: 0, stdout: 'core\ngroup 3\nexecutor 3\n', stderr: '' });
    const packages = await bundle('out.mjs', { format: 'esm', packages: 'external' });
    expect(packages).to.deep.equal({ code: 0, stdout: 'core\ngroup 3\nexecutor 3\n', stderr: '' });
  });

  it('with ringloop in it runs a loop, and refuses to start threads', async () => {
    const { code, stdout, stderr } = await bundle('out.mjs', { format: 'esm', banner: { js: REQUIRE } });
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    const [core, group, executor] = stdout.split('\n');
    expect(core).to.equal('core');
    expect(group).to.match(
      /^ERR_BUNDLED Cannot start a thread: there is no .*, because ringloop has been put into a bundle\. Keep it out: with esbuild, external/,
    );
    expect(executor).to.include('ringloop has been put into a bundle');
  });

  it('in CommonJS with ringloop in it says that it needs import.meta.url', async () => {
    const { code, stderr } = await bundle('out.cjs', { format: 'cjs' });
    expect(stderr).to.include(
      'Error: Cannot load ringloop from a bundle in CommonJS: it needs import.meta.url',
    );
    expect(code).to.equal(1);
  });
});
