// prints:
// received: abc

// A socket that is there gets a transport and a protocol: the example of asyncio's documentation of protocols.

import { type Future, getRunningLoop, type Protocol, run, Socket, type Transport } from 'ringloop';

class MyProtocol implements Protocol {
  readonly #connectionLost: Future<undefined>;
  #transport: Transport | null = null;

  constructor(connectionLost: Future<undefined>) {
    this.#connectionLost = connectionLost;
  }

  connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    console.log('received:', data.toString());
    this.#transport?.close(); // connectionLost() is called in the next iteration
  }

  connectionLost(): void {
    this.#connectionLost.setResult(undefined);
  }
}

await run(async () => {
  const loop = getRunningLoop();
  const connectionLost = loop.createFuture<undefined>();
  const [reading, writing] = Socket.socketpair();
  await loop.createConnection(() => new MyProtocol(connectionLost), { sock: reading }); // it owns the socket now
  loop.callSoon(() => writing.send(Buffer.from('abc'))); // as if data came from the network
  await connectionLost;
  writing.close();
});
