import { expect } from 'chai';
import { PiscinaExecutor } from '@ringloop/executor';
import { beStubborn, fib, StubbornError } from './fixtures/jobs.js';
import { rejection } from '../rejection.js';

describe('executor/job', () => {
  it('Job.finish() rejects with an error whose class has a getter in the place of a property, and the next job runs', async () => {
    await using executor = new PiscinaExecutor({ maxThreads: 1 });
    const jobs = [executor.submit(beStubborn, []), executor.submit(fib, [7])] as const;
    expect(await rejection(jobs[0].result))
      .to.be.instanceOf(StubbornError)
      .with.property('volume', 2);
    expect(await jobs[1].result).to.equal(13);
  });
});
