import { systemError } from '../libc/system-error.js';
import type { NetLoop } from '../loop-net.js';
import type { FileLike } from './file-like.js';
import { FilePart } from './file-part.js';
import type { CheckedOptions } from './sendfile-options.js';

/**
 * Calls `send` with the part of the file, and resolves with how many bytes were sent. Afterwards the file's position is behind the last of
 * them, however it ends. CPython leaves the position when it is cancelled, so that nobody can tell how much was sent.
 */
export async function sendPart(
  loop: NetLoop,
  file: FileLike,
  options: CheckedOptions,
  send: (part: FilePart) => Promise<void>,
): Promise<number> {
  const part = new FilePart(loop, file, options);
  try {
    await send(part);
  } catch (thrown) {
    part.setPosition(); // if it fails, too: the first error says more
    part.close();
    throw thrown;
  }
  const result = part.setPosition();
  part.close();
  if (result < 0) throw systemError('lseek', -result);
  return part.sent;
}
