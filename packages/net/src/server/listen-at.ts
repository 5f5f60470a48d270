import { randomBytes } from 'node:crypto';
import { linkSync, unlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { untilOpen } from '../connect/until-open.js';
import { AF_UNIX } from '../libc/linux-abi.js';
import { type SystemError, systemError } from '../libc/system-error.js';
import type { NetLoop } from '../loop-net.js';
import { HandleListener } from '../node-handles/handle-listener.js';
import type { HandleSelector } from '../node-handles/handle-selector.js';
import { checkAddress } from '../sockets/sockaddr.js';
import { codeOf, isAbstract } from '../sockets/unix-path.js';

/**
 * Listens at a path on a handle of Node.
 *
 * libuv removes the file of the name that it has bound when it closes, whoever owns the file by then. So it is given a name of its own,
 * and the file gets its real one as a second name: who removes that is our decision.
 */
export async function listenAt(
  loop: NetLoop,
  handles: HandleSelector,
  path: string,
  backlog: number,
): Promise<HandleListener> {
  checkAddress(AF_UNIX, path);
  const bound = boundName(path);
  const listener = await untilOpen(
    loop,
    handles,
    (selector, onOpened) =>
      new HandleListener(selector, { family: AF_UNIX, at: bound, name: path, backlog }, onOpened),
  );
  try {
    if (bound !== path) rename(bound, path);
    return listener;
  } catch (thrown) {
    listener.close();
    throw thrown;
  }
}

/** A pipe of Windows and an abstract name are no files. */
function boundName(path: string): string {
  if (process.platform === 'win32' || isAbstract(path)) return path;
  const name = join(dirname(path), `.${randomBytes(3).toString('hex')}`);
  return fits(name) ? name : path; // at the limit, the path itself has to do
}

function fits(path: string): boolean {
  try {
    checkAddress(AF_UNIX, path);
    return true;
  } catch {
    return false; // it is too long
  }
}

/** Not rename(2): that would replace what is there. */
function rename(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (thrown) {
    throw bindError(thrown, to);
  }
  unlinkSync(from);
}

function bindError(thrown: unknown, path: string): SystemError {
  if (codeOf(thrown) === 'EEXIST') return systemError('bind', constants.errno.EADDRINUSE, path);
  return systemError('bind', Math.abs((thrown as NodeJS.ErrnoException).errno ?? constants.errno.EIO), path); // node:fs throws no other
}
