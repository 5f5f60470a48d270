import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { SendfileNotAvailableError } from '../errors.js';
import type { NetLoop } from '../loop-net.js';
import { NET } from '../loop-net.js';
import { Socket } from '../sockets/socket.js';
import { SEND_ALONE, type SoleSender } from '../transports/sole-sender.js';
import type { ReadTransport, WriteTransport } from '../transports/transport.js';
import type { FileLike } from './file-like.js';
import type { FilePart } from './file-part.js';
import { trySendNatively } from './send-natively.js';
import { sendPart } from './send-part.js';
import { checkOptions, type SendfileOptions } from './sendfile-options.js';

/** Bytes that are read at a time: the default high-water mark of a transport. CPython reads 16 KiB. */
const READ_BYTES = 65_536;

/** A transport on which files can be sent. */
type Sending = ReadTransport & { [SEND_ALONE](): SoleSender };

/** What `loop.sendfile()` does, and throws. */
export async function transportSendfile(
  loop: NetLoop,
  transport: WriteTransport,
  file: FileLike,
  options: SendfileOptions,
): Promise<number> {
  loop[NET].checkOpen();
  const checked = checkOptions(options);
  checkSending(transport);
  return sendPart(loop, file, checked, async (part) => {
    const sender = transport[SEND_ALONE](); // not before: a wrong file must leave the transport as it is
    const wasReading = transport.isReading();
    transport.pauseReading();
    try {
      await send(sender, part, () => {
        if (!checked.fallback) throw notAvailable(file, transport);
      });
    } finally {
      sender.release();
      if (wasReading) transport.resumeReading();
    }
  });
}

/** @param checkFallback throws if the file must not be read */
async function send(sender: SoleSender, part: FilePart, checkFallback: () => void): Promise<void> {
  const { sock } = sender;
  if (sock instanceof Socket) {
    await sender.flushed();
    if (await trySendNatively(sock, part, () => sender.writable())) return;
  }
  checkFallback();
  sender.takeFlow();
  const buffer = Buffer.allocUnsafeSlow(Math.min(part.left, READ_BYTES));
  for (let count = await part.read(buffer); count > 0; count = await part.read(buffer)) {
    await sender.resumed();
    sender.write(buffer.subarray(0, count));
    part.sent += count;
  }
}

function checkSending(transport: unknown): asserts transport is Sending {
  if (typeof transport !== 'object' || transport === null || !('isClosing' in transport))
    throw typeError(`transport must be a transport, got ${inspect(transport, { depth: 0 })}`);
  if (SEND_ALONE in transport) return;
  throw new SendfileNotAvailableError(
    `sendfile is not supported for transport ${inspect(transport, { depth: 0 })}`,
  );
}

function notAvailable(file: FileLike, transport: unknown): SendfileNotAvailableError {
  const [shownFile, shown] = [file, transport].map((each) => inspect(each, { depth: 0 }));
  return new SendfileNotAvailableError(
    `fallback is disabled, and sendfile(2) cannot send ${shownFile} on transport ${shown}`,
  );
}
