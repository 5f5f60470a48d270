/** A worker whose loop echoes; posts its port, and ends in order when it is told to stop. */
import { parentPort } from 'node:worker_threads';
import { SelectorEventLoop, type SocketAddress, type StreamTransport } from '@ringloop/net';

class Echo {
  #transport: StreamTransport | null = null;

  connectionMade(transport: StreamTransport): void {
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    this.#transport?.write(data);
  }
}

const loop = new SelectorEventLoop({ name: 'echo' });
await loop.runUntilComplete(async () => {
  await using server = await loop.createServer(() => new Echo(), { host: '127.0.0.1', port: 0 });
  const stopped = loop.createFuture<undefined>();
  parentPort?.once('message', () => stopped.setResult(undefined));
  parentPort?.postMessage((server.sockets?.[0]?.getsockname() as SocketAddress).port);
  await stopped;
});
loop.close();
