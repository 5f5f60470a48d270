/**
 * Registers tsx in the threads of a program that was started with it. Threads inherit `--import` of tsx. But if Node
 * has only asynchronous hooks, tsx registers in the main thread alone, although these versions of Node have separate
 * hooks in each thread. Then TypeScript modules would not be found in the others.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

/**
 * From these versions of Node on, tsx registers in every thread by itself: the first of each line whose hooks it can
 * use there.
 */
const HAVE_SYNCHRONOUS_HOOKS: readonly (readonly [number, number, number])[] = [
  [22, 22, 3],
  [24, 11, 1],
  [25, 1, 0],
];

/**
 * Registers tsx in this worker thread, if Node's options name it and it has not registered by itself. Rejects when tsx
 * does not load.
 */
export async function inheritTsx(): Promise<void> {
  if (isMainThread || registersItself(process.versions.node)) return;
  const loader = findTsx([...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)]);
  if (loader === null) return;
  const base = loader.startsWith('file:') ? loader : pathToFileURL(`${process.cwd()}/`).href;
  // `require()` resolves to the CommonJS twin of the module, which registers only for `require()`.
  const api = createRequire(base)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs');
  const { register } = (await import(pathToFileURL(api).href)) as { register: () => unknown }; // documented by tsx
  register();
}

/** The value of `--import`, if that is tsx: its URL or its name. */
export function findTsx(args: readonly string[]): string | null {
  for (const [index, arg] of args.entries()) {
    const value = arg.startsWith('--import=')
      ? arg.slice('--import='.length)
      : arg === '--import'
        ? args[index + 1]
        : undefined;
    if (value !== undefined && /^tsx(\/|$)|^file:.*\/tsx\/dist\//.test(value)) return value;
  }
  return null;
}

/** @param version the version of Node, without the v */
export function registersItself(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const line = HAVE_SYNCHRONOUS_HOOKS.find(([first]) => first === major);
  if (line === undefined) return major > 25;
  const [, lineMinor, linePatch] = line;
  return minor > lineMinor || (minor === lineMinor && patch >= linePatch);
}
