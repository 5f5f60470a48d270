import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import {
  getRunningLoop,
  type Protocol,
  run,
  type SocketAddress,
  startServer,
  type StreamTransport,
} from 'ringloop';

interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** Serves echo with TLS until the process ends. Resolves with the port. */
export type Listen = (ssl: Certificate) => Promise<number>;

const BACKLOG = 4096;
const ANY_PORT = { host: '127.0.0.1', port: 0, backlog: BACKLOG };
const READ_BYTES = 256 * 1024;

class Echo implements Protocol {
  #transport: StreamTransport | null = null;

  connectionMade(transport: StreamTransport): void {
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    this.#transport?.write(data);
  }
}

/** Servers by name. A new one needs a line here. */
export const SERVERS: Readonly<Record<string, Listen>> = {
  'node:tls': async (ssl) => {
    const server = createServer(ssl, (socket) => {
      socket.on('data', (data: Buffer) => {
        if (!socket.write(data)) socket.pause();
      });
      socket.on('drain', () => socket.resume());
      socket.on('error', () => undefined); // the load has ended: the socket closes itself
    });
    server.listen(ANY_PORT);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
  ringloop: inLoop(async (ssl) => {
    const server = await getRunningLoop().createServer(() => new Echo(), { ...ANY_PORT, ssl });
    return (server.sockets?.[0]?.getsockname() as SocketAddress).port;
  }),
  'ringloop, streams': inLoop(async (ssl) => {
    const server = await startServer(
      async (reader, writer) => {
        for (
          let data = await reader.read(READ_BYTES);
          data.length > 0;
          data = await reader.read(READ_BYTES)
        ) {
          writer.write(data);
          await writer.drain();
        }
        writer.close();
      },
      { ...ANY_PORT, ssl },
    );
    return (server.sockets?.[0]?.getsockname() as SocketAddress).port;
  }),
};

/** Listens in a loop that runs until the process ends. */
function inLoop(listen: Listen): Listen {
  return (ssl) =>
    new Promise((resolve, reject) => {
      run(async () => {
        resolve(await listen(ssl));
        await getRunningLoop().createFuture();
      }).catch(reject);
    });
}
