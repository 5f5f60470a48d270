import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { SendfileNotAvailableError } from '../errors.js';
import { SOCK_STREAM } from '../libc/linux-abi.js';
import type { NetLoop } from '../loop-net.js';
import { checkSocket, isCount, ready, untilReady } from '../sock-calls/wait-ready.js';
import type { Socket } from '../sockets/socket.js';
import type { FileLike } from './file-like.js';
import type { FilePart } from './file-part.js';
import { trySendNatively } from './send-natively.js';
import { sendPart } from './send-part.js';
import { checkOptions, type SendfileOptions } from './sendfile-options.js';

/** Bytes that are read at a time, as in CPython. */
const READ_BYTES = 262_144;

/** What `loop.sockSendfile()` does, and throws. */
export async function sockSendfile(
  loop: NetLoop,
  sock: Socket,
  file: FileLike,
  options: SendfileOptions,
): Promise<number> {
  checkSocket(loop, sock);
  const checked = checkOptions(options);
  if (sock.type !== SOCK_STREAM)
    throw typeError(`Only SOCK_STREAM sockets can send files, got ${inspect(sock)}`, 'ERR_INVALID_ARG_VALUE');
  return sendPart(loop, file, checked, async (part) => {
    if (await trySendNatively(sock, part, () => ready(loop, sock, 'writer'))) return;
    if (!checked.fallback)
      throw new SendfileNotAvailableError(
        `sendfile(2) cannot send ${inspect(file, { depth: 0 })} on ${inspect(sock)}`,
      );
    await sendByReading(loop, sock, part);
  });
}

async function sendByReading(loop: NetLoop, sock: Socket, part: FilePart): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(part.left, READ_BYTES));
  for (let count = await part.read(buffer); count > 0; count = await part.read(buffer)) {
    for (let rest = buffer.subarray(0, count); rest.byteLength > 0;) {
      const data = rest;
      const sent = await untilReady(loop, sock, 'writer', 'send', () => sock.trySend(data), isCount);
      part.sent += sent;
      rest = rest.subarray(sent);
    }
  }
}
