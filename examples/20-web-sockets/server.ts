import { createServer, type Server } from 'node:http';
import { type HttpContext, remote } from 'ringloop';
import { WebSocketServer } from 'ws';

/** Makes the server of one loop. It does not listen: connections are handed to it. */
export const makeServer = remote(
  import.meta.url,
  function makeServer({ index, signal }: HttpContext): Server {
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => socket.send(`${data.toString()}: echo from loop ${index}`));
    });
    // The service is closing: WebSockets would otherwise stay until its time is over.
    signal.addEventListener('abort', () => {
      for (const socket of sockets.clients) socket.close(1001);
    });
    return server;
  },
);
