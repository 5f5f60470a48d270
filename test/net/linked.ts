import { SO_SNDBUF, Socket, SOL_SOCKET, type SelectorEventLoop, type Transport } from '@ringloop/net';
import { Recorder, type RecorderOptions } from './recorder.js';

/** A transport of which the test holds the other end, a plain socket that reads only when told to. */
export async function linked(
  loop: SelectorEventLoop,
  options: RecorderOptions = {},
): Promise<{ transport: Transport; protocol: Recorder; peer: Socket }> {
  const [ours, peer] = Socket.socketpair();
  ours.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096); // little, so that tests fill it quickly
  const [transport, protocol] = await loop.connectAcceptedSocket(() => new Recorder(loop, options), ours);
  return { transport, protocol, peer };
}

/** Reads what has arrived. */
export function drain(peer: Socket): Buffer {
  const room = Buffer.alloc(1_048_576);
  const chunks: Buffer[] = [];
  for (let n = peer.tryRecvInto(room); n > 0; n = peer.tryRecvInto(room))
    chunks.push(Buffer.from(room.subarray(0, n)));
  return Buffer.concat(chunks);
}
