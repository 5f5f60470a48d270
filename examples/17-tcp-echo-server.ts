// prints:
// Received "first" from 127.0.0.1
// Client got "first"
// Received "second" from 127.0.0.1
// Client got "second"

// The server of asyncio's documentation of streams. It reads lines, and stops after two clients, which are Node's own.

import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { run, type SocketAddress, startServer, type StreamReader, type StreamWriter } from 'ringloop';

async function handleEcho(reader: StreamReader, writer: StreamWriter): Promise<void> {
  const line = await reader.readline();
  const { address } = writer.getExtraInfo('peername') as SocketAddress;
  console.log(`Received "${line.toString().trimEnd()}" from ${address}`);

  writer.write(line);
  await writer.drain();
  writer.close();
  await writer.waitClosed();
}

await run(async () => {
  await using server = await startServer(handleEcho, { host: '127.0.0.1', port: 0 });
  const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;

  for (const message of ['first', 'second']) {
    const socket = connect(port, '127.0.0.1');
    socket.write(`${message}\n`);
    console.log(`Client got "${(await text(socket)).trimEnd()}"`);
  }
});
