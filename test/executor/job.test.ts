import { expect } from 'chai';
import { PiscinaExecutor } from '@ringloop/executor';
import { beStubborn, fib } from './fixtures/jobs.js';
import { rejection } from './fixtures/settled.js';

describe('executor/job', () => {
  it('Job.finish() rejects although the error cannot be put together, and the next job runs', async () => {
    await using executor = new PiscinaExecutor({ maxThreads: 1 });
    const jobs = [executor.submit(beStubborn, []), executor.submit(fib, [7])] as const;
    expect(await rejection(jobs[0].result)).to.be.instanceOf(TypeError);
    expect(await jobs[1].result).to.equal(13);
  });
});
