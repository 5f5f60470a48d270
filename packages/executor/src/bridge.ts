/**
 * The function that Piscina calls in each of its threads. Piscina looks for functions by `require()` first. A tool such
 * as tsx may have replaced `require()` by one that turns every file into CommonJS. Then this file is CommonJS, and it
 * imports the code that runs the jobs in the same way as the program's modules do.
 */
import type { JobOutcome, JobRequest } from './job-message.js';

const imported = import('./run-job.js');

export async function runJob(request: JobRequest): Promise<JobOutcome> {
  return (await imported).runJob(request);
}
