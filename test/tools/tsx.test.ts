import { expect } from 'chai';
import { Project } from './project.js';

const ESM_JOBS = `
import { getRunningLoop, remote } from 'ringloop';
import { loud } from './loud.js';
export enum Mark { Exclamation = '!' } // what Node itself cannot strip
export const shout = remote(import.meta.url, async function shout(text: string): Promise<string> {
  return loud(text) + Mark.Exclamation;
});
export const whereAmI = remote(import.meta.url, function whereAmI(): string { return getRunningLoop().ref().name; });
`;
const LOUD = `export const loud = (text: string): string => text.toUpperCase();\n`;

const CJS_JOBS = ESM_JOBS.replace(
  'import { loud }',
  `import { pathToFileURL } from 'node:url';\nimport { loud }`,
)
  .replaceAll('import.meta.url', 'pathToFileURL(__filename).href')
  .replace('./loud.js', './loud');

const BODY = `
  const group = await LoopGroup.spawn({ loops: 2, preload: [shout] });
  const other = group.next();
  console.log('group:', await other.runCoroutineThreadsafe(shout, 'hello'));
  console.log('loop:', await other.runCoroutineThreadsafe(whereAmI));
  console.log('executor:', await getRunningLoop().runInExecutor(null, shout, 'again'));
  await group.close();
`;

const OUTPUT = 'group: HELLO!\nloop: loop-0\nexecutor: AGAIN!\n';

describe('tsx', function () {
  this.slow(10_000); // starts a process and several threads
  this.timeout(60_000);

  let project: Project;

  afterEach(() => project.remove());

  const cli = (): ReturnType<Project['tool']> => project.tool('tsx', 'dist/cli.mjs', ['main.ts']);

  it('runs a program of modules, and functions of .ts files in loops and in the executor', async () => {
    project = await Project.make('module', {
      'loud.ts': LOUD,
      'jobs.ts': ESM_JOBS,
      'main.ts': `
        import { getRunningLoop, LoopGroup, run } from 'ringloop';
        import { shout, whereAmI } from './jobs.js';
        await run(async () => {${BODY}});`,
    });
    expect(await cli()).to.deep.equal({ code: 0, stdout: OUTPUT, stderr: '' });
    const imported = await project.node(['--import', 'tsx', 'main.ts']);
    expect(imported).to.deep.equal({ code: 0, stdout: OUTPUT, stderr: '' });
    const inherited = await project.node(['main.ts'], { NODE_OPTIONS: '--import=tsx' });
    expect(inherited).to.deep.equal({ code: 0, stdout: OUTPUT, stderr: '' });
  });

  it('runs a program in CommonJS, with one copy of ringloop in each thread', async () => {
    project = await Project.make('commonjs', {
      'loud.ts': LOUD,
      'jobs.ts': CJS_JOBS,
      'main.ts': `
        import { getRunningLoop, LoopGroup, run } from 'ringloop';
        import { shout, whereAmI } from './jobs';
        void run(async () => {${BODY}});`,
    });
    expect(await cli()).to.deep.equal({ code: 0, stdout: OUTPUT, stderr: '' });
  });

  const { typescript = false } = process.features as { typescript?: unknown };
  if (typescript !== false) return; // this Node strips types

  it('is what the message advises where a Node runs no TypeScript', async () => {
    project = await Project.make('module', {
      'jobs.ts': 'export const f = (): number => 1;\n',
      'main.js': `
        import { getRunningLoop, remoteModule, run } from 'ringloop';
        const { f } = remoteModule('./jobs.ts', import.meta.url);
        await run(() => getRunningLoop().runInExecutor(null, f)).catch((error) => console.log(error.message));`,
    });
    const { stdout } = await project.node(['main.js']);
    expect(stdout).to.include(`runs no TypeScript: start the program with --import tsx`);
  });
});
