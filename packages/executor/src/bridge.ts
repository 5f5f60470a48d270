/**
 * What Piscina is told to call in each of its threads. It looks for functions by `require()` first, which a tool may have replaced by
 * one that makes CommonJS of all it finds (tsx): then this file is CommonJS, and imports what runs the jobs as the program's modules do.
 */
import type { JobOutcome, JobRequest } from './job-message.js';

const imported = import('./run-job.js');

export async function runJob(request: JobRequest): Promise<JobOutcome> {
  return (await imported).runJob(request);
}
