import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { text } from 'node:stream/consumers';
import { SHARE_ENV } from 'node:worker_threads';
import { expect } from 'chai';
import { PiscinaExecutor } from '@ringloop/executor';
import { whatIsGiven } from './fixtures/jobs.js';
import { print } from './fixtures/prints.js';
import { rejection } from '../rejection.js';

const program = fileURLToPath(new URL('./fixtures/prints-program.js', import.meta.url));
const LINES = 5000;

const numbered = (prefix: string, lines: number): string[] =>
  Array.from({ length: lines }, (_, i) => `${prefix} ${i + 1} ${'x'.repeat(80)}`);

describe('The output of jobs', () => {
  for (const job of ['print', 'printAndThrow', 'printAndEnd']) {
    it(`is printed even when the process ends with the job (${job})`, async () => {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, job, String(LINES)], {
        maxBuffer: 1e8,
      });
      expect(stdout.trimEnd().split('\n')).to.deep.equal(numbered('out', LINES));
      expect(stderr.trimEnd().split('\n')).to.deep.equal(numbered('err', LINES));
    })
      .timeout(60_000)
      .slow(5000);
  }

  it('PiscinaExecutor.stdout and stderr stream it if asked for, and end with the executor', async () => {
    const executor = new PiscinaExecutor({ maxThreads: 1, stdout: true, stderr: true });
    await executor.submit(print, [LINES]).result; // though nobody reads yet
    await executor.shutdown();
    const { stdout, stderr } = executor;
    if (stdout === null || stderr === null) throw new Error('they were asked for');
    expect((await text(stdout)).trimEnd().split('\n')).to.deep.equal(numbered('out', LINES));
    expect((await text(stderr)).trimEnd().split('\n')).to.deep.equal(numbered('err', LINES));
  })
    .timeout(60_000)
    .slow(5000);

  it('PiscinaExecutor.stdout is null without the option', async () => {
    await using executor = new PiscinaExecutor();
    expect([executor.stdout, executor.stderr]).to.deep.equal([null, null]);
  });
});

describe('PiscinaExecutor with options of threads', () => {
  it('execArgv, argv and env are those of every thread', async () => {
    const env = { KETTLE: 'on', LEFT_OUT: undefined };
    const options = { maxThreads: 1, execArgv: ['--no-warnings'], argv: ['a', 'b'], env };
    await using executor = new PiscinaExecutor(options);
    options.execArgv.push('--bad');
    env.KETTLE = 'off';
    expect(await executor.submit(whatIsGiven, []).result).to.deep.equal({
      execArgv: ['--no-warnings'],
      argv: ['a', 'b'],
      env: { KETTLE: 'on' },
    });
  });

  it('env: SHARE_ENV shares it', async () => {
    await using executor = new PiscinaExecutor({ maxThreads: 1, env: SHARE_ENV });
    process.env.RINGLOOP_TEST_SHARED = 'yes';
    try {
      const { env } = await executor.submit(whatIsGiven, []).result;
      expect(env.RINGLOOP_TEST_SHARED).to.equal('yes');
    } finally {
      delete process.env.RINGLOOP_TEST_SHARED;
    }
  });

  it('execArgv that Node refuses for a thread reject each job with the error of Node', async () => {
    await using executor = new PiscinaExecutor({ maxThreads: 1, execArgv: ['--max-old-space-size=100'] });
    for (let job = 0; job < 2; job++) {
      const error = await rejection(executor.submit(whatIsGiven, []).result);
      expect(error).to.have.property('code', 'ERR_WORKER_INVALID_EXEC_ARGV');
      expect(error.message).to.include('--max-old-space-size=100');
    }
  });

  it('options that are none are refused with their value', () => {
    const wrong: [object, string][] = [
      [{ execArgv: '--a' }, "execArgv must be an array of strings, got '--a'"],
      [{ execArgv: [1] }, 'execArgv[0] must be a string, got 1'],
      [{ argv: ['a', null] }, 'argv[1] must be a string, got null'],
      [{ env: 'A=1' }, "env must be an object or SHARE_ENV, got 'A=1'"],
      [{ env: { A: 1 } }, 'env.A must be a string, got 1'],
      [{ stdout: 'pipe' }, "stdout must be a boolean, got 'pipe'"],
      [{ stderr: 1 }, 'stderr must be a boolean, got 1'],
    ];
    for (const [options, message] of wrong) {
      expect(() => new PiscinaExecutor(options))
        .to.throw(TypeError, message)
        .with.property('code', 'ERR_INVALID_ARG_TYPE');
    }
  });
});
