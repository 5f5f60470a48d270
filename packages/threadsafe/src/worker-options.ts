import { inspect } from 'node:util';
import { SHARE_ENV, type ResourceLimits } from 'node:worker_threads';
import { rangeError, typeError } from '@ringloop/core/internal';

/** What the threads of a group, or of an executor, are started with; all as `new Worker()` takes it. */
export interface ThreadOptions {
  /** Options of Node for the threads; by default those of the thread that starts them. Node refuses options of the process and of V8. */
  readonly execArgv?: readonly string[];
  /** The threads' `process.env`; by default a copy of this thread's. `SHARE_ENV` of node:worker_threads: this thread's own. */
  readonly env?: NodeJS.ProcessEnv | typeof SHARE_ENV;
  /** What stands behind the first two entries of the threads' `process.argv`, as text. */
  readonly argv?: readonly unknown[];
  /** Memory limits of every thread. */
  readonly resourceLimits?: ResourceLimits;
}

/** What of it was given, for `new Worker()`. @throws {TypeError} @throws {RangeError} when an option is invalid */
export function checkThreadOptions({
  execArgv,
  env,
  argv,
  resourceLimits,
}: ThreadOptions): CheckedThreadOptions {
  if (execArgv !== undefined) checkTexts(execArgv, 'execArgv');
  if (argv !== undefined && !Array.isArray(argv))
    throw typeError(`argv must be an array, got ${inspect(argv)}`);
  if (env !== undefined) checkEnv(env);
  if (resourceLimits !== undefined) checkLimits(resourceLimits);
  return {
    ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    ...(env === undefined ? {} : { env }),
    ...(argv === undefined ? {} : { argv: [...argv] }),
    ...(resourceLimits === undefined ? {} : { resourceLimits }),
  };
}

export interface CheckedThreadOptions {
  readonly execArgv?: string[];
  readonly env?: NodeJS.ProcessEnv | typeof SHARE_ENV;
  readonly argv?: unknown[];
  readonly resourceLimits?: ResourceLimits;
}

function checkTexts(texts: unknown, name: string): void {
  if (Array.isArray(texts) && texts.every((text) => typeof text === 'string')) return;
  throw typeError(`${name} must be an array of strings, got ${inspect(texts)}`);
}

function checkEnv(env: unknown): void {
  if (env === SHARE_ENV) return;
  if (typeof env !== 'object' || env === null) {
    throw typeError(`env must be an object or SHARE_ENV, got ${inspect(env)}`);
  }
  for (const [name, value] of Object.entries(env)) {
    // Node would make "undefined" and "[object Object]" of it.
    if (value !== undefined && typeof value !== 'string') {
      throw typeError(`env.${name} must be a string, got ${inspect(value)}`);
    }
  }
}

/** Node takes what is no number for no limit. */
function checkLimits(limits: unknown): void {
  if (typeof limits !== 'object' || limits === null) {
    throw typeError(`resourceLimits must be an object, got ${inspect(limits)}`);
  }
  for (const [name, limit] of Object.entries(limits) as [string, unknown][]) {
    if (limit === undefined) continue;
    if (typeof limit !== 'number')
      throw typeError(`resourceLimits.${name} must be a number, got ${inspect(limit)}`);
    if (!(limit > 0)) throw rangeError(`resourceLimits.${name} must be above 0, got ${limit}`);
  }
}
