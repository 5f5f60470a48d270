import { expect } from 'chai';
import { CASES, CASES_COUNT, JOBS } from './jobs.js';
import { documented, type Ended, nodeIs, Project } from './project.js';

const TEST = `
import { cases } from './cases.mjs';
for (const [name, body] of Object.entries(cases)) test(name, () => body((a, b) => expect(a).toEqual(b)), 20000);
`;

describe('jest', function () {
  this.slow(20_000); // starts a process and several threads
  this.timeout(90_000);

  let project: Project;

  afterEach(() => project.remove());

  const jest = (...node: string[]): Promise<Ended> =>
    project.tool('jest', 'bin/jest.js', ['--runInBand', '--config', '{ "testEnvironment": "node" }'], node);

  it('runs tests that are modules, each file with a copy of its own in one process', async () => {
    project = await Project.make('module', {
      'jest.config.json': documented('jest', 'json'),
      'jobs.mjs': JOBS,
      'cases.mjs': CASES,
      'first.test.mjs': TEST,
      'second.test.mjs': TEST,
    });
    const { code, stderr } = await project.tool(
      'jest',
      'bin/jest.js',
      ['--runInBand', '--config', 'jest.config.json'],
      ['--experimental-vm-modules'],
    );
    expect(stderr).to.include(`Tests:       ${2 * CASES_COUNT} passed, ${2 * CASES_COUNT} total`);
    expect(code).to.equal(0);
  });

  it('runs tests in CommonJS that import it', async () => {
    project = await Project.make('commonjs', {
      'jobs.mjs': JOBS,
      'x.test.js': `
        test('x', async () => {
          const { getRunningLoop, run } = await import('ringloop');
          const { add } = await import('./jobs.mjs');
          expect(await run(() => getRunningLoop().runInExecutor(null, add, 1, 2))).toBe(3);
        }, 20000);`,
    });
    const { code, stderr } = await jest('--experimental-vm-modules');
    expect(stderr).to.include('Tests:       1 passed, 1 total');
    expect(code).to.equal(0);
  });

  it('says what to do where tests in CommonJS require it without the option', async () => {
    project = await Project.make('commonjs', {
      'x.test.js': `const { run } = require('ringloop');\ntest('x', async () => expect(await run(async () => 7)).toBe(7), 20000);\n`,
    });
    const refused = await jest();
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.include('Must use import to load ES Module');
    if (!nodeIs(24, 9)) return;
    const { stderr } = await jest('--experimental-vm-modules');
    expect(stderr).to.include('Tests:       1 passed, 1 total');
  });
});
