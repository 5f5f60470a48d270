import {
  type BufferedProtocol,
  type CoroutineGenerator,
  type DatagramProtocol,
  type DatagramTransport,
  type EventLoop,
  getRunningLoop,
  type OnConnection,
  type Protocol,
  type ProtocolFactory,
  run,
  type SocketAddress,
  type Server,
  type StreamReader,
  type StreamTransport,
  type StreamWriter,
  startServer,
  startUnixServer,
} from 'ringloop';
import { BACKLOG, type Listen, type Listening, type Where } from './listening.js';

const READ_BYTES = 256 * 1024; // as much as the others read at once

class Echo implements Protocol {
  #transport: StreamTransport | null = null;

  connectionMade(transport: StreamTransport): void {
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    this.#transport?.write(data);
  }
}

/** Receives into memory of its own. */
class BufferedEcho implements BufferedProtocol {
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #transport: StreamTransport | null = null;

  connectionMade(transport: StreamTransport): void {
    this.#transport = transport;
  }

  getBuffer(): Uint8Array {
    return this.#buffer;
  }

  bufferUpdated(bytes: number): void {
    this.#transport?.write(this.#buffer.subarray(0, bytes)); // what is not sent at once is copied
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

const ANY_PORT = { host: '127.0.0.1', port: 0 };
const LIMIT = 2 ** 18; // as in peers/net.py

async function echoStream(reader: StreamReader, writer: StreamWriter): Promise<void> {
  try {
    for (let data = await reader.read(READ_BYTES); data.length > 0; data = await reader.read(READ_BYTES)) {
      writer.write(data);
      await writer.drain();
    }
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ECONNRESET')) throw thrown; // the load has ended
  } finally {
    writer.close();
  }
}

/** The same as a generator coroutine, for which the loop makes no promises. */
function* stepEchoStream(reader: StreamReader, writer: StreamWriter): CoroutineGenerator<void> {
  try {
    for (let data = yield* reader.read(READ_BYTES); data.length > 0; data = yield* reader.read(READ_BYTES)) {
      writer.write(data);
      yield* writer.drain();
    }
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ECONNRESET')) throw thrown; // the load has ended
  } finally {
    writer.close();
  }
}

/** Servers of streams by name. A new one needs a line here, and takes part in everything that is asked of streams. */
export const RINGLOOP_STREAMS: Readonly<Record<string, Listen>> = {
  ringloop: inLoop((loop, where) => listenWith(loop, where, () => new Echo())),
  'ringloop, buffered': inLoop((loop, where) => listenWith(loop, where, () => new BufferedEcho())),
  'ringloop, streams': inLoop((_loop, where) => listenWithStreams(where, echoStream)),
  'ringloop, streams in generators': inLoop((_loop, where) => listenWithStreams(where, stepEchoStream)),
};

export const RINGLOOP_DATAGRAMS: Readonly<Record<string, Listen>> = {
  ringloop: inLoop(async (loop) => {
    const [transport] = await loop.createDatagramEndpoint(() => new EchoDatagrams(), { localAddr: ANY_PORT });
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
  return path === null
    ? listening(await loop.createServer(factory, { ...ANY_PORT, backlog: BACKLOG }))
    : listening(await loop.createUnixServer(factory, { path, backlog: BACKLOG }));
}

async function listenWithStreams({ path }: Where, echo: OnConnection): Promise<Listening> {
  const options = { limit: LIMIT, backlog: BACKLOG };
  return listening(
    path === null
      ? await startServer(echo, { ...ANY_PORT, ...options })
      : await startUnixServer(echo, { path, ...options }),
  );
}

function listening(server: Server): Listening {
  const address = server.sockets?.[0]?.getsockname();
  return { port: typeof address === 'object' ? address.port : 0, pids: [process.pid] };
}
