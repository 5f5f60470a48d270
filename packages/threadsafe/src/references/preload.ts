import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { importModule } from './import-module.js';
import { moduleUrl } from './module-url.js';
import { REMOTE, type RemoteFunction, remoteIdOf } from './remote.js';

/** A module that a thread imports before its loop takes calls: its absolute URL, or one of its remote functions. */
export type Preload = string | URL | RemoteFunction;

/**
 * The URLs of the modules, in order and without repetitions.
 * @throws {TypeError} when `list` is no array, or holds something else than absolute URLs and remote functions
 */
export function checkPreload(list: readonly Preload[]): string[] {
  if (!Array.isArray(list)) throw typeError(`preload must be an array, got ${inspect(list)}`);
  return [...new Set(list.map(urlOf))];
}

/**
 * Imports the modules one after the other, so that they are evaluated in the order of the list. Rejects with
 * RemoteFunctionError, whose cause is this thread's own error.
 */
export async function importAll(urls: readonly string[]): Promise<void> {
  for (const url of urls) await importModule(url, 'preload');
}

function urlOf(entry: unknown, index: number): string {
  if (typeof entry === 'function' && REMOTE in entry) return remoteIdOf(entry).url;
  if (typeof entry === 'string' || entry instanceof URL)
    return moduleUrl(entry, undefined, `preload[${index}]`);
  throw typeError(`preload[${index}] must be an absolute URL or a remote function, got ${inspect(entry)}`);
}
