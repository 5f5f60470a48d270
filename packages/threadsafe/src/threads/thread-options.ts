import { inspect, types } from 'node:util';
import { type ResourceLimits, SHARE_ENV } from 'node:worker_threads';
import { rangeError, typeError } from '@ringloop/core/internal';

/** Options for starting threads, as `new Worker()` takes them: the threads of a LoopGroup, and of a PiscinaExecutor. */
export interface ThreadOptions {
  /** Memory limits of each thread. A thread that reaches them ends. */
  readonly resourceLimits?: ResourceLimits;
  /**
   * Options of Node in each thread, in place of those that this process was started with. Node refuses options of V8
   * and of the whole process, with ERR_WORKER_INVALID_EXEC_ARGV. If the threads need a loader, name it again:
   * `['--import', 'tsx']`.
   */
  readonly execArgv?: readonly string[];
  /** The arguments after the file name in the `process.argv` of each thread; none by default. */
  readonly argv?: readonly string[];
  /**
   * The `process.env` of each thread: a copy of this object, or with `SHARE_ENV` of node:worker_threads the same object
   * as in this thread. By default it is a copy of this thread's. Entries that are undefined are left out.
   */
  readonly env?: NodeJS.ProcessEnv | typeof SHARE_ENV;
  /**
   * Whether the standard output of the threads can be read, instead of being written to this thread's. False by
   * default.
   */
  readonly stdout?: boolean;
  /** As `stdout`, for standard error. */
  readonly stderr?: boolean;
}

/**
 * Checked copies of the options, for threads that are started later. Options that were not given are left out, as Node
 * requires.
 */
export interface CheckedThreadOptions {
  readonly worker: {
    readonly resourceLimits?: ResourceLimits;
    readonly execArgv?: string[];
    readonly argv?: string[];
    readonly env?: NodeJS.Dict<string> | typeof SHARE_ENV;
  };
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE @throws {RangeError} ERR_OUT_OF_RANGE, when an option is invalid */
export function checkThreadOptions(options: ThreadOptions): CheckedThreadOptions {
  const { resourceLimits, execArgv, argv, env, stdout = false, stderr = false } = options;
  checkLimits(resourceLimits);
  checkBoolean(stdout, 'stdout');
  checkBoolean(stderr, 'stderr');
  return {
    worker: {
      ...(resourceLimits === undefined ? {} : { resourceLimits: { ...resourceLimits } }),
      ...(execArgv === undefined ? {} : { execArgv: copyTexts(execArgv, 'execArgv') }),
      ...(argv === undefined ? {} : { argv: copyTexts(argv, 'argv') }),
      ...(env === undefined ? {} : { env: copyEnv(env) }),
    },
    stdout,
    stderr,
  };
}

/** Checks the limits here, because Node ignores a limit that is no number. */
function checkLimits(limits: unknown): void {
  if (limits === undefined) return;
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

function checkBoolean(value: unknown, parameter: string): void {
  if (typeof value !== 'boolean') throw typeError(`${parameter} must be a boolean, got ${inspect(value)}`);
}

function copyTexts(texts: unknown, parameter: string): string[] {
  if (!Array.isArray(texts))
    throw typeError(`${parameter} must be an array of strings, got ${inspect(texts)}`);
  return Array.from(texts, (text: unknown, index) => {
    if (typeof text === 'string') return text;
    throw typeError(`${parameter}[${index}] must be a string, got ${inspect(text)}`);
  });
}

function copyEnv(env: unknown): NodeJS.Dict<string> | typeof SHARE_ENV {
  if (env === SHARE_ENV) return SHARE_ENV;
  if (typeof env !== 'object' || env === null || Array.isArray(env) || types.isMap(env)) {
    throw typeError(`env must be an object or SHARE_ENV, got ${inspect(env)}`);
  }
  const copy: NodeJS.Dict<string> = {};
  for (const [name, value] of Object.entries(env) as [string, unknown][]) {
    if (value === undefined) continue; // Node would turn it into the text 'undefined'
    if (typeof value !== 'string') throw typeError(`env.${name} must be a string, got ${inspect(value)}`);
    // Defined, not assigned: the name may be '__proto__'.
    Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}
