import {
  type DatagramProtocol,
  type DatagramTransport,
  type EventLoop,
  getRunningLoop,
  type Protocol,
  type ProtocolFactory,
  run,
  type SocketAddress,
  type StreamTransport,
} from 'ringloop';
import { BACKLOG, type Listen, type Listening, type Where } from './listening.js';

class Echo implements Protocol {
  #transport: StreamTransport | null = null;

  connectionMade(transport: StreamTransport): void {
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    this.#transport?.write(data);
  }
}

class EchoDatagrams implements DatagramProtocol {
  #transport: DatagramTransport | null = null;

  connectionMade(transport: DatagramTransport): void {
    this.#transport = transport;
  }

  datagramReceived(data: Buffer, from: SocketAddress): void {
    this.#transport?.sendto(data, { host: from.address, port: from.port });
  }
}

/** Servers of streams by name. A new one needs a line here, and takes part in everything that is asked of streams. */
export const RINGLOOP_STREAMS: Readonly<Record<string, Listen>> = {
  ringloop: inLoop((loop, where) => listenWith(loop, where, () => new Echo())),
};

export const RINGLOOP_DATAGRAMS: Readonly<Record<string, Listen>> = {
  ringloop: inLoop(async (loop) => {
    const localAddr = { host: '127.0.0.1', port: 0 };
    const [transport] = await loop.createDatagramEndpoint(() => new EchoDatagrams(), { localAddr });
    const { port } = transport.getExtraInfo('sockname') as SocketAddress; // UDP has no other
    return { port, pids: [process.pid] };
  }),
};

/** Listens in a loop that runs until the process ends. */
function inLoop(listen: (loop: EventLoop, where: Where) => Promise<Listening>): Listen {
  return (where) =>
    new Promise((resolve, reject) => {
      const main = async (): Promise<void> => {
        const loop = getRunningLoop();
        resolve(await listen(loop, where));
        await loop.createFuture();
      };
      run(main).catch(reject);
    });
}

async function listenWith(loop: EventLoop, { path }: Where, factory: ProtocolFactory): Promise<Listening> {
  if (path !== null) {
    await loop.createUnixServer(factory, { path, backlog: BACKLOG });
    return { port: 0, pids: [process.pid] };
  }
  const server = await loop.createServer(factory, { host: '127.0.0.1', port: 0, backlog: BACKLOG });
  const { port } = server.sockets?.[0]?.getsockname() as SocketAddress; // TCP has no other
  return { port, pids: [process.pid] };
}
