import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { checkInt } from '../sockets/check-int.js';
import { checkText, type SystemText } from './c-strings.js';
import { Environment } from './environment.js';
import { type ChildErrorStream, type ChildStream, planStdio, type StdioPlan } from './stdio.js';

/** Options of `subprocessExec()` and `subprocessShell()`. */
export interface SubprocessOptions {
  /**
   * What the process reads: PIPE, which is the default; DEVNULL; a descriptor, FileHandle, stream or Socket of ours, which stays open
   * here and is passed on as it is, O_NONBLOCK included; or null for the stdin of this process.
   */
  readonly stdin?: ChildStream;
  /** Where it writes: as `stdin`. */
  readonly stdout?: ChildStream;
  /** Where it writes its errors: as `stdin`, or STDOUT for the same place as `stdout`. */
  readonly stderr?: ChildErrorStream;
  /** The directory in which it runs; null, the default, for ours. A relative program is looked for in it. */
  readonly cwd?: string | URL | null;
  /** Its environment, all of it; null, the default, for `process.env`. Its PATH says where the program is looked for. */
  readonly env?: Readonly<Record<string, string | undefined>> | null;
  /** Makes it the leader of a new session, and so of a process group: signals of our terminal do not reach it. */
  readonly startNewSession?: boolean;
  /** The user as which it runs. Started with node:child_process then. Python: user. */
  readonly uid?: number | null;
  /** The group as which it runs. Started with node:child_process then. Python: group. */
  readonly gid?: number | null;
  /** As in asyncio, the data of a process are bytes: what asks for text is refused. */
  readonly universalNewlines?: false | null;
  /** As `universalNewlines`. */
  readonly text?: false | null;
  /** As `universalNewlines`. */
  readonly encoding?: null;
  /** As `universalNewlines`. */
  readonly errors?: null;
  /** As in asyncio, pipes are not buffered: anything but 0 is refused. */
  readonly bufsize?: 0;
  /** As in asyncio: false in `subprocessExec()`, true in `subprocessShell()`, and refused otherwise. */
  readonly shell?: boolean;
}

/** What is to be started, checked and complete. */
export interface ProcessSpec {
  readonly program: SystemText;
  readonly args: readonly SystemText[];
  /** The program is a shell, and the last of `args` a command in its language. */
  readonly isShell: boolean;
  readonly stdio: StdioPlan;
  readonly cwd: string | null;
  readonly env: Environment;
  readonly startNewSession: boolean;
  readonly uid: number | null;
  readonly gid: number | null;
}

/** As asyncio refuses them, in its order. */
export function refuseText(options: SubprocessOptions, isShell: boolean): void {
  const given: Readonly<Record<string, unknown>> = { ...options }; // JavaScript may pass anything
  const { universalNewlines, shell = isShell, bufsize = 0, text, encoding = null, errors = null } = given;
  if (truthy(universalNewlines)) throw refusal('universalNewlines must be false', universalNewlines);
  if (truthy(shell) !== isShell) throw refusal(`shell must be ${isShell}`, shell);
  if (bufsize !== 0) throw refusal('bufsize must be 0', bufsize);
  if (truthy(text)) throw refusal('text must be false', text);
  if (encoding !== null) throw refusal('encoding must be null', encoding);
  if (errors !== null) throw refusal('errors must be null', errors);
}

function truthy(value: unknown): boolean {
  return Boolean(value);
}

function refusal(message: string, value: unknown): TypeError {
  return typeError(`${message}, got ${inspect(value, { depth: 0 })}`, 'ERR_INVALID_ARG_VALUE');
}

/**
 * @throws {TypeError} when something has the wrong type, or has a null byte where the system would cut it off
 * @throws {RangeError} when a number is out of range
 */
export function specOf(
  program: unknown,
  args: unknown,
  options: SubprocessOptions,
  isShell: boolean,
): ProcessSpec {
  checkText(program, 'program');
  if (!Array.isArray(args)) throw typeError(`args must be an array, got ${inspect(args, { depth: 0 })}`);
  const texts: readonly unknown[] = args;
  const { cwd = null, env = null, startNewSession = false, uid = null, gid = null } = options;
  if (uid !== null) checkInt(uid, 'uid', { min: 0, max: UID_MAX });
  if (gid !== null) checkInt(gid, 'gid', { min: 0, max: UID_MAX });
  return {
    program,
    args: texts.map((arg, index) => {
      checkText(arg, `args[${index}]`);
      return arg;
    }),
    isShell,
    stdio: planStdio(options),
    cwd: cwd === null ? null : directoryOf(cwd),
    env: new Environment(env),
    startNewSession: truthy(startNewSession),
    uid,
    gid,
  };
}

/** uid_t is unsigned; its highest number means "no change". */
const UID_MAX = 0xffff_fffe;

function directoryOf(cwd: unknown): string {
  const path = cwd instanceof URL ? fileURLToPath(cwd) : cwd;
  if (typeof path !== 'string') {
    throw typeError(`cwd must be a string, a URL or null, got ${inspect(cwd, { depth: 0 })}`);
  }
  checkText(path, 'cwd');
  return path;
}
