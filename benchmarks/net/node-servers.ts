import cluster from 'node:cluster';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { answerHttp } from './http-answers.js';
import { BACKLOG, type Listen, type Listening, type Where } from './listening.js';

const CLUSTER_WORKERS = 2; // as many as the loops that they are compared with

export const NODE_STREAMS: Readonly<Record<string, Listen>> = {
  'node:net': (where) => {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('data', (data) => {
        if (!socket.write(data)) socket.pause();
      });
      socket.on('drain', () => socket.resume());
      socket.on('error', () => undefined); // the load has ended: the socket closes itself
    });
    return listening(server, where);
  },
};

export const NODE_DATAGRAMS: Readonly<Record<string, Listen>> = {
  'node:dgram': async () => {
    const socket = createSocket('udp4');
    socket.on('message', (data, from) => socket.send(data, from.port, from.address));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return { port: socket.address().port, pids: [process.pid] };
  },
};

export const NODE_HTTP: Readonly<Record<string, Listen>> = {
  'node:http': (where) => listening(createHttpServer(answerHttp), where),
  [`node:http cluster of ${CLUSTER_WORKERS}`]: async () => {
    cluster.setupPrimary({ exec: fileURLToPath(new URL('./cluster-worker.js', import.meta.url)) });
    const workers = Array.from({ length: CLUSTER_WORKERS }, () => cluster.fork());
    const addresses = await Promise.all(workers.map((worker) => once(worker, 'listening')));
    const [{ port }] = addresses[0] as [AddressInfo]; // the one that all share
    return { port, pids: [process.pid, ...workers.map((worker) => worker.process.pid ?? 0)] };
  },
};

/** Node's servers of TCP and HTTP are the same to us. */
async function listening(server: Server, { path }: Where): Promise<Listening> {
  if (path !== null) server.listen({ path, backlog: BACKLOG });
  else server.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG });
  await once(server, 'listening');
  return { port: path === null ? (server.address() as AddressInfo).port : 0, pids: [process.pid] };
}
