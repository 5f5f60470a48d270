// prints:
// Send: "Hello World!"
// Received: "Hello World!"
// Close the connection

// The client of asyncio's documentation of streams. The server that answers it is Node's own.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { openConnection, run } from 'ringloop';

async function tcpEchoClient(message: string, port: number): Promise<void> {
  const [reader, writer] = await openConnection({ host: '127.0.0.1', port });

  console.log(`Send: "${message}"`);
  writer.write(Buffer.from(message));
  await writer.drain();

  const data = await reader.read(100);
  console.log(`Received: "${data.toString()}"`);

  console.log('Close the connection');
  writer.close();
  await writer.waitClosed();
}

const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
await once(server, 'listening');
await run(() => tcpEchoClient('Hello World!', (server.address() as AddressInfo).port));
server.close();
