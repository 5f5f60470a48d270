import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundledError } from '@ringloop/core/internal';

/**
 * Checks a file of these packages with which a thread is to be started. A bundler merges all files into one and leaves
 * none for threads.
 * @throws {Error} ERR_BUNDLED when the file is not there
 */
export function ownFile(url: URL): URL {
  if (url.protocol !== 'file:' || existsSync(fileURLToPath(url))) return url;
  throw bundledError(
    `Cannot start a thread: there is no ${fileURLToPath(url)}, because ringloop has been put into a bundle`,
  );
}
