import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect } from 'node:net';
import { finished } from 'node:stream/promises';
import { EventLoop, type NetBackend } from 'ringloop';

/** Sends the file to a port of this machine, and resolves when all of it is with the system. */
export type Sender = (path: string, port: number) => Promise<void>;

/** Senders by name. A new one needs a line here. */
export const SENDERS: Readonly<Record<string, Sender>> = {
  'createReadStream().pipe': async (path, port) => {
    const socket = connect({ host: '127.0.0.1', port });
    createReadStream(path).pipe(socket);
    await finished(socket, { readable: false });
    socket.destroy();
  },
  ringloop: inLoop('epoll'),
  "ringloop, Node's handles": inLoop('libuv'),
};

function inLoop(net: NetBackend): Sender {
  return async (path, port) => {
    const loop = new EventLoop({ net });
    try {
      await loop.runUntilComplete(async () => {
        const file = await open(path);
        const lost = loop.createFuture<undefined>();
        const [transport] = await loop.createConnection(
          () => ({ connectionLost: () => lost.setResult(undefined) }),
          { host: '127.0.0.1', port },
        );
        await loop.sendfile(transport, file);
        transport.close();
        await lost;
        await file.close();
      });
    } finally {
      loop.close();
    }
  };
}
