/**
 * The code that runs in each thread of a pool. Piscina finds functions by path and export name only, and ends a thread
 * whose answer cannot be posted. So every job goes through `runJob()`, which never throws.
 */
import {
  dieReadably,
  flushOutput,
  importRemote,
  inheritTsx,
  lookUpRemote,
  packThrown,
  unpack,
} from '@ringloop/threadsafe/internal';
import { type JobOutcome, type JobRequest, packResult } from './job-message.js';

dieReadably();
const ready = inheritTsx();
ready.catch(() => undefined); // the first job reports it

export async function runJob(request: JobRequest): Promise<JobOutcome> {
  const { name, args } = request;
  try {
    const fn = lookUpRemote(request) ?? (await ready.then(() => importRemote(request)));
    const call = fn as (...args: never) => unknown; // submit() checked the arguments against the function's type
    return { ok: packResult(await call(...(unpack(args) as never)), name) };
  } catch (thrown) {
    return { error: packThrown(thrown) }; // never throws, and can be posted
  } finally {
    await flushOutput(); // last: the thread may be ended once it has answered, and the output must come first
  }
}
