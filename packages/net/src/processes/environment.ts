import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { checkText } from './c-strings.js';

/** The environment that a child gets: what it was given, or that of this thread at this moment. */
export class Environment {
  /** `NAME=value`. */
  readonly lines: readonly string[];
  /** Where its program is looked for. */
  readonly path: string | undefined;

  /**
   * @param env null: that of this thread
   * @throws {TypeError} when it is no object, when a value is no string, or when the system could not pass it on
   */
  constructor(env: Readonly<Record<string, string | undefined>> | null) {
    if (env !== null && typeof env !== 'object')
      throw typeError(`env must be an object or null, got ${inspect(env, { depth: 0 })}`);
    this.lines = env === null ? linesOfOurs() : linesOf(env);
    this.path = (env ?? process.env).PATH;
  }

  /** As node:child_process takes it. */
  toObject(): Record<string, string> {
    return Object.fromEntries(
      this.lines.map((line) => {
        const at = line.indexOf('=', 1); // Windows has names that begin with one
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    );
  }
}

/** By no list of its own: `process.env` asks the system for each variable, which is most of what it costs to start a process. */
function linesOfOurs(): string[] {
  const lines: string[] = [];
  const ours: Record<string, unknown> = process.env; // other code may have replaced it
  for (const name in ours) {
    const value = ours[name];
    if (value === undefined) continue;
    checkValue(value, `process.env.${name}`);
    lines.push(`${name}=${value}`);
  }
  return lines;
}

function linesOf(env: Readonly<Record<string, string | undefined>>): string[] {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    checkText(name, 'A name in env');
    checkValue(value, `env.${name}`);
    if (name === '' || name.includes('='))
      throw typeError(`Illegal name of an environment variable: ${inspect(name)}`, 'ERR_INVALID_ARG_VALUE');
    lines.push(`${name}=${value}`);
  }
  return lines;
}

function checkValue(value: unknown, what: string): asserts value is string {
  if (typeof value !== 'string')
    throw typeError(`${what} must be a string, got ${inspect(value, { depth: 0 })}`);
  checkText(value, what);
}
