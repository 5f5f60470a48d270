import { expect } from 'chai';
import { CASES, CASES_COUNT, JOBS } from './jobs.js';
import { documented, Project } from './project.js';

const TEST = `
import { expect, test, vi } from 'vitest';
import { run, getRunningLoop } from 'ringloop';
import { cases } from './cases.mjs';
import { twice } from './twice.ts';
for (const [name, body] of Object.entries(cases)) test(name, { timeout: 20000 }, () => body((a, b) => expect(a).toEqual(b)));
test('TypeScript in other threads', { timeout: 20000 }, async () => {
  expect(await run(() => getRunningLoop().runInExecutor(null, twice, 4))).toBe(8);
});
test('modules that are evaluated again', async () => {
  vi.resetModules();
  const again = await import('./twice.ts');
  expect(await run(() => getRunningLoop().runInExecutor(null, again.twice, 5))).toBe(10);
});
`;

describe('vitest', function () {
  this.slow(20_000); // starts a process and several threads
  this.timeout(90_000);

  let project: Project;

  before(async () => {
    project = await Project.make('module', {
      'jobs.mjs': JOBS,
      'cases.mjs': CASES,
      'twice.ts': `
        import { remote } from 'ringloop';
        export const twice = remote(import.meta.url, function twice(a: number): number { return a * 2; });`,
      'vitest.config.js': documented('vitest', 'js'),
      'first.test.ts': TEST,
      'second.test.ts': TEST.replace('Object.entries(cases)', 'Object.entries(cases).slice(0, 1)'),
    });
  });

  after(() => project.remove());

  for (const pool of ['forks', 'threads', 'vmForks', 'vmThreads']) {
    it(`runs tests in the pool ${pool}`, async () => {
      const tests = CASES_COUNT + 2 + 1 + 2;
      const { code, stdout, stderr } = await project.tool('vitest', 'vitest.mjs', [
        'run',
        '--pool',
        pool,
        '--maxWorkers=1',
      ]);
      expect(stdout + stderr).to.match(new RegExp(`Tests +${tests} passed \\(${tests}\\)`));
      expect(code).to.equal(0);
    });
  }
});
