import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Checks a file of these packages with which a thread is to be started. A bundler merges all files into one and leaves
 * none for threads.
 * @throws {Error} ERR_BUNDLED when the file is not there
 */
export function ownFile(url: URL): URL {
  if (url.protocol !== 'file:' || existsSync(fileURLToPath(url))) return url;
  const message =
    `Cannot start a thread: there is no ${fileURLToPath(url)}, because ringloop has been put into a bundle. ` +
    `Keep it out: with esbuild, external: ['ringloop', '@ringloop/*'] or packages: 'external'`;
  throw Object.assign(new Error(message), { code: 'ERR_BUNDLED' });
}
