/**
 * What several copies of these packages know of each other that share a global object: two versions that are installed, a bundle beside
 * a package, or one that was imported and one that a tool has translated for `require()`.
 *
 * Each copy has state and classes of its own, and works by itself: a loop of one is none of another's. What they must have in common
 * stands here, or has a name or a mark with PROTOCOL in it:
 *
 *   here                        the copies, and which of them run a loop: so that who asks the wrong one is told
 *   `shared()`                  remote functions: a thread's loop may be of another copy than the module that registers them
 *   Symbol.for('ringloop.…')    what marks remote functions, and objects that can be sent
 *   environment data, channels  tables and news that all threads share
 *
 * Copies of one protocol understand each other's objects and memory. Those of another do not find the marks: what they have made is
 * a stranger's, and refused as such.
 * Realms (jest, vitest's vm pools, node:vm) have a global object each, and so a registry each: their loops are nobody else's business.
 */
import { fileURLToPath } from 'node:url';

/** Of this package, as package.json has it. */
export const VERSION = '0.1.0';

/** To be counted up when the layout of shared memory changes, or the form of what is sent: such copies do not understand each other. */
export const PROTOCOL = 1;

/** A copy of this package. */
export interface Copy {
  readonly version: string;
  /** Where it is. */
  readonly path: string;
}

/** The same for all versions, for ever: they all find it. */
interface Registry {
  /** Copies that run a loop in this thread. */
  readonly running: Set<Copy>;
  /** By name and protocol. */
  readonly shared: Map<string, unknown>;
}

const KEY = Symbol.for('ringloop.registry');

/** This one. */
export const thisCopy: Copy = { version: VERSION, path: pathOf(import.meta.url) };

/** @throws {Error} ERR_BUNDLED in a bundle in CommonJS, which has no `import.meta` */
export function pathOf(url: string | undefined): string {
  if (url !== undefined) return fileURLToPath(new URL('..', url));
  const message =
    `Cannot load ringloop from a bundle in CommonJS: it needs import.meta.url. ` +
    `Keep it out: with esbuild, external: ['ringloop', '@ringloop/*'] or packages: 'external'`;
  throw Object.assign(new Error(message), { code: 'ERR_BUNDLED' });
}

function registry(): Registry {
  const global = globalThis as { [KEY]?: Registry };
  if (global[KEY] === undefined) {
    // Frozen: jest deletes what it finds on global objects, property by property, when a test file is done.
    const made: Registry = Object.freeze({ running: new Set<Copy>(), shared: new Map<string, unknown>() });
    Object.defineProperty(global, KEY, { value: made });
    return made;
  }
  return global[KEY];
}

/** One of it for all copies of this protocol, made by the first that asks. */
export function shared<T>(name: string, make: () => T): T {
  const all = registry().shared;
  const key = `${name} v${PROTOCOL}`;
  if (!all.has(key)) all.set(key, make());
  return all.get(key) as T; // of that name and protocol
}

/** This copy runs a loop, or does no longer. */
export function tellRunning(runs: boolean): void {
  if (runs) registry().running.add(thisCopy);
  else registry().running.delete(thisCopy);
}

/** What to say where no loop of this copy runs but one of another; null where none does. */
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

/** For messages. */
export function show({ version, path }: Copy): string {
  return `${version} in ${path}`;
}
