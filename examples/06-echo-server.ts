// prints:
// server: connection made
// client: sends "Hello World"
// server: echoes 11 bytes
// client: received "Hello World"
// client: connection lost
// server: connection lost

import { type Future, getRunningLoop, type Protocol, run, type StreamTransport } from 'ringloop';

class EchoServer implements Protocol {
  #transport: StreamTransport | null = null;

  connectionMade(transport: StreamTransport): void {
    console.log('server: connection made');
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    console.log(`server: echoes ${data.length} bytes`);
    this.#transport?.write(data);
  }

  connectionLost(): void {
    console.log('server: connection lost');
  }
}

class EchoClient implements Protocol {
  readonly #answered: Future<string>;

  constructor(answered: Future<string>) {
    this.#answered = answered;
  }

  dataReceived(data: Buffer): void {
    this.#answered.setResult(data.toString()); // so short a message comes in one piece
  }

  connectionLost(): void {
    console.log('client: connection lost');
  }
}

await run(async () => {
  const loop = getRunningLoop();
  const server = await loop.createServer(() => new EchoServer(), { host: '127.0.0.1', port: 0 });
  const address = server.sockets?.[0]?.getsockname();
  if (typeof address !== 'object') throw new Error('A TCP server has a host and a port');

  const answered = loop.createFuture<string>();
  const [transport] = await loop.createConnection(() => new EchoClient(answered), {
    host: address.address,
    port: address.port,
  });
  console.log('client: sends "Hello World"');
  transport.write(Buffer.from('Hello World'));
  console.log(`client: received "${await answered}"`);

  transport.close();
  server.close();
  await server.waitClosed(); // until its last connection is gone
});
