import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from './errors.js';

/**
 * Lists the regular files under `dir` in the order of their names, at most `limit`. Symbolic links are not followed,
 * because a link to a folder above would never end. When `signal` aborts, it returns the files found so far. Rejects
 * with CommandError when a folder cannot be read or there is no file.
 */
export async function listFiles(
  dir: string,
  { limit, signal }: { limit: number; signal?: AbortSignal },
): Promise<string[]> {
  const files: string[] = [];
  const folders = [dir]; // a stack: the next one is the last
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const inside: string[] = [];
    for (const entry of await entriesOf(next)) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) inside.push(path);
      else if (entry.isFile()) files.push(path);
      if (files.length === limit) return files;
    }
    if (signal?.aborted === true) return files;
    folders.push(...inside.reverse());
  }
  if (files.length === 0) throw new CommandError(`Cannot digest ${dir}: there is no regular file in it`);
  return files;
}

async function entriesOf(dir: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1)); // names differ within a folder
  } catch (cause) {
    throw new CommandError(`Cannot read the folder ${dir}: ${reasonOf(cause)}`, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'its name is too long',
};

/** Describes a failed file system call in words. Throws anything else again. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error) || !('syscall' in thrown)) throw thrown;
  const { code } = thrown as NodeJS.ErrnoException; // an error with a syscall comes from Node
  return REASONS[code ?? ''] ?? thrown.message;
}
