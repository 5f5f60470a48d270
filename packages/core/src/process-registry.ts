/**
 * What several copies of these packages in one realm, with one global object, know of each other. There are several
 * copies when two versions are installed, when a bundle lies beside a package, or when one copy was imported and a tool
 * has translated another for `require()`.
 *
 * Each copy has its own state and classes and works by itself: a loop of one copy does not belong to another. What the
 * copies must share is kept here, or has PROTOCOL in its name or mark:
 *
 *   here                        the copies, and which of them run a loop: so that an error can name the other copy
 *   `shared()`                  remote functions: a thread's loop may be of another copy than the module that registers
 *                               them
 *   Symbol.for('ringloop.…')    the marks of remote functions and of objects that can be sent
 *   environment data, channels  tables and news that all threads share
 *
 * Copies of the same protocol understand each other's objects and memory. Copies of different protocols do not
 * find each other's marks, and so refuse each other's objects as they refuse those of a stranger. Realms (jest,
 * vitest's vm pools, node:vm) have their own global object, and so their own registry: loops of different
 * realms know nothing of each other.
 */
import { fileURLToPath } from 'node:url';
import { bundledError } from './bundled-error.js';

/** The version of this package, as in package.json. */
export const VERSION = '0.1.0';

/**
 * Must be increased when the layout of shared memory or the form of messages changes, because then copies with
 * different versions of it do not understand each other.
 */
export const PROTOCOL = 1;

/** A copy of this package. */
export interface Copy {
  readonly version: string;
  /** The folder of the package. */
  readonly path: string;
}

/** Must never change, because all versions find and use it. */
interface Registry {
  /** Copies that run a loop in this thread. */
  readonly running: Set<Copy>;
  /** Shared values, by name and protocol. */
  readonly shared: Map<string, unknown>;
}

const KEY = Symbol.for('ringloop.registry');

/** The copy that this module belongs to. */
export const thisCopy: Copy = { version: VERSION, path: pathOf(import.meta.url) };

/**
 * The folder of the package that the module at `url` belongs to.
 * @throws {Error} ERR_BUNDLED in a CommonJS bundle, which has no `import.meta`
 */
export function pathOf(url: string | undefined): string {
  if (url !== undefined) return fileURLToPath(new URL('..', url));
  throw bundledError('Cannot load ringloop from a bundle in CommonJS: it needs import.meta.url');
}

function registry(): Registry {
  const global = globalThis as { [KEY]?: Registry };
  if (global[KEY] === undefined) {
    // Frozen, because jest deletes the properties of what it finds on global objects when a test file is done.
    const made: Registry = Object.freeze({ running: new Set<Copy>(), shared: new Map<string, unknown>() });
    Object.defineProperty(global, KEY, { value: made });
    return made;
  }
  return global[KEY];
}

/** A value that all copies of this protocol share. The first copy that asks for it makes it. */
export function shared<T>(name: string, make: () => T): T {
  const all = registry().shared;
  const key = `${name} v${PROTOCOL}`;
  if (!all.has(key)) all.set(key, make());
  return all.get(key) as T; // one name and protocol have one type
}

/** Records whether this copy runs a loop. */
export function tellRunning(runs: boolean): void {
  if (runs) registry().running.add(thisCopy);
  else registry().running.delete(thisCopy);
}

/** The text of an error when no loop of this copy runs, but one of another copy. null if there is none either. */
export function otherCopyRuns(): string | null {
  for (const copy of registry().running) {
    if (copy === thisCopy) continue;
    return (
      `a loop runs in this thread, but of another copy of ringloop: ${show(copy)}, and this is ${show(thisCopy)}. ` +
      `Have it installed once, see "npm ls @ringloop/core"`
    );
  }
  return null;
}

/** Shows a copy in messages. */
export function show({ version, path }: Copy): string {
  return `${version} in ${path}`;
}
