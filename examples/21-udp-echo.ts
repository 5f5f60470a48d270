// prints:
// server: starting
// client: send: Hello World!
// server: received Hello World! from 127.0.0.1
// server: send Hello World!
// client: received: Hello World!
// client: close the socket
// client: connection closed

// The UDP echo server and client of asyncio's documentation of protocols, in one loop.

import {
  type DatagramProtocol,
  type DatagramTransport,
  type Future,
  getRunningLoop,
  run,
  type SocketAddress,
} from 'ringloop';

class EchoServerProtocol implements DatagramProtocol {
  #transport: DatagramTransport | null = null;

  connectionMade(transport: DatagramTransport): void {
    this.#transport = transport;
  }

  datagramReceived(data: Buffer, { address, port }: SocketAddress): void {
    console.log(`server: received ${data.toString()} from ${address}`);
    console.log(`server: send ${data.toString()}`);
    this.#transport?.sendto(data, { host: address, port });
  }
}

class EchoClientProtocol implements DatagramProtocol {
  readonly #message: string;
  readonly #connectionLost: Future<undefined>;
  #transport: DatagramTransport | null = null;

  constructor(message: string, connectionLost: Future<undefined>) {
    this.#message = message;
    this.#connectionLost = connectionLost;
  }

  connectionMade(transport: DatagramTransport): void {
    this.#transport = transport;
    console.log('client: send:', this.#message);
    transport.sendto(Buffer.from(this.#message)); // to the remote address of the endpoint
  }

  datagramReceived(data: Buffer): void {
    console.log('client: received:', data.toString());
    console.log('client: close the socket');
    this.#transport?.close();
  }

  errorReceived(error: Error): void {
    console.log('client: error received:', error.message);
  }

  connectionLost(): void {
    console.log('client: connection closed');
    this.#connectionLost.setResult(undefined);
  }
}

await run(async () => {
  const loop = getRunningLoop();
  console.log('server: starting');
  const [server] = await loop.createDatagramEndpoint(() => new EchoServerProtocol(), {
    localAddr: { host: '127.0.0.1', port: 0 }, // any free port
  });
  const { address: host, port } = server.getExtraInfo('sockname') as SocketAddress; // of UDP
  const connectionLost = loop.createFuture<undefined>();
  await loop.createDatagramEndpoint(() => new EchoClientProtocol('Hello World!', connectionLost), {
    remoteAddr: { host, port },
  });
  await connectionLost;
  server.close();
});
