/** Streams, and connections that move, while system calls fail: whoever reads, drains or waits for the close is told. */
import {
  duplexFrom,
  openConnection,
  openUnixConnection,
  type Server,
  Socket,
  SO_RCVBUF,
  SO_SNDBUF,
  SOL_SOCKET,
  type SocketAddress,
  startServer,
  startUnixServer,
  StreamReader,
  StreamReaderProtocol,
  type StreamTransport,
  StreamWriter,
} from '@ringloop/net';
import { offer, take } from '@ringloop/net/internal';
import { Actor, type Scenario, type Stage } from './scenario.js';

const BIG = 400_000; // more than the small buffers of two sockets
const SMALL_BUFFER = 65_536;

type Handler = (reader: StreamReader, writer: StreamWriter) => Promise<void>;

/** A handler, and when all that have begun are over. */
class Handlers {
  readonly #running: Promise<void>[] = [];
  readonly #handler: Handler;

  constructor(handler: Handler) {
    this.#handler = handler;
  }

  /** Its failures are those of its task, which the exception handler is told of. */
  readonly onConnection = (reader: StreamReader, writer: StreamWriter): Promise<void> => {
    const running = this.#handler(reader, writer);
    this.#running.push(running);
    return running;
  };

  async over(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}

/**
 * Uses streams, closes them, and waits for it. Leaves nothing open, and throws what has failed: a drain() says only that the connection is
 * lost, as asyncio's, and waitClosed() says why.
 */
async function converse([reader, writer]: [StreamReader, StreamWriter], body: Handler): Promise<void> {
  try {
    await body(reader, writer);
  } catch (thrown) {
    writer.transport.abort();
    await writer.waitClosed();
    throw thrown;
  }
  writer.close();
  await writer.waitClosed();
}

function listening(server: Server): { host: string; port: number } {
  const { address: host, port } = server.sockets?.[0]?.getsockname() as SocketAddress; // of TCP
  return { host, port };
}

/** The ends of a connection with small buffers, so that not everything fits in. */
function narrowPair(stage: Stage): [Socket, Socket] {
  const pair = Socket.socketpair();
  for (const sock of pair) stage.hold(sock);
  for (const sock of pair) {
    sock.setsockopt(SOL_SOCKET, SO_SNDBUF, SMALL_BUFFER);
    sock.setsockopt(SOL_SOCKET, SO_RCVBUF, SMALL_BUFFER);
  }
  return pair;
}

async function streamsOver(stage: Stage, sock: Socket): Promise<[StreamReader, StreamWriter]> {
  const reader = new StreamReader({ loop: stage.loop });
  const protocol = new StreamReaderProtocol(reader, { loop: stage.loop });
  const [transport] = await stage.loop.connectAcceptedSocket(() => protocol, sock);
  return [reader, new StreamWriter(transport, protocol, { reader })];
}

/** Reads until the end, and writes down how much there was. */
async function noteAll(stage: Stage, actor: string, reader: StreamReader): Promise<void> {
  stage.noteData(actor, await reader.read());
  stage.note(actor, 'end');
}

/** Moves what is written and read at its two ends. */
interface Moving {
  readonly stage: Stage;
  readonly transport: StreamTransport;
  readonly peer: Socket;
}

/** A connection with a full write buffer. */
async function fullConnection(stage: Stage): Promise<Moving> {
  const [ours, peer] = narrowPair(stage);
  const first = new Actor(stage, 'first', {}); // not one of the stage's, which waits until its actors are lost
  const [transport] = await stage.loop.connectAcceptedSocket(() => first, ours);
  transport.write(Buffer.alloc(BIG));
  return { stage, transport: transport, peer }; // of a Socket
}

async function noteWhatArrives(stage: Stage, peer: Socket): Promise<void> {
  for (;;) {
    const data = await stage.loop.sockRecv(peer, SMALL_BUFFER);
    if (data.length === 0) break;
    stage.noteData('peer', data);
  }
  stage.note('peer', 'end');
}

export const STREAM_SCENARIOS: Readonly<Record<string, Scenario>> = {
  'openConnection() and startServer(): lines, and the end': {
    isStream: true,
    play: async (stage) => {
      const handlers = new Handlers((...streams) =>
        converse(streams, async (reader, writer) => {
          for await (const line of reader) {
            stage.noteData('server', line);
            writer.writelines([line, line]);
            await writer.drain();
          }
        }),
      );
      const server = stage.serve(await startServer(handlers.onConnection, { host: '127.0.0.1', port: 0 }));
      try {
        await converse(await openConnection(listening(server)), async (reader, writer) => {
          writer.write(Buffer.from('hello\nworld\n'));
          await writer.drain();
          stage.noteData('client', await reader.readline());
          writer.writeEof();
          await noteAll(stage, 'client', reader);
        });
      } finally {
        await handlers.over();
      }
    },
  },

  'openUnixConnection() and startUnixServer(): more than the limit, to a slow reader': {
    isStream: true,
    play: async (stage) => {
      const handlers = new Handlers((...streams) =>
        converse(streams, async (reader, writer) => {
          await reader.readuntil(Buffer.from('!'));
          writer.write(Buffer.alloc(BIG));
          await writer.drain();
        }),
      );
      stage.serve(await startUnixServer(handlers.onConnection, { path: stage.path }));
      try {
        const streams = await openUnixConnection({ path: stage.path, limit: 1000 });
        await converse(streams, async (reader, writer) => {
          writer.write(Buffer.from('give!'));
          // A side that fails closes, so it may end early.
          for (;;) {
            const data = await reader.read(50_000);
            if (data.length === 0) break;
            stage.noteData('client', data);
          }
          stage.note('client', 'end');
        });
      } finally {
        await handlers.over();
      }
    },
  },

  'streams of a socket that was connected by hand, whose writer drains': {
    isStream: true,
    play: async (stage) => {
      const [ours, theirs] = narrowPair(stage);
      const [reader, writer] = await streamsOver(stage, theirs);
      const reading = converse([reader, writer], (each) => noteAll(stage, 'reader', each)).catch(
        (thrown: unknown) => thrown,
      );
      try {
        await converse(await streamsOver(stage, ours), async (_reader, sending) => {
          for (let sent = 0; sent < BIG; sent += BIG / 4) {
            sending.write(Buffer.alloc(BIG / 4));
            await sending.drain();
          }
        });
      } finally {
        const failure = await reading;
        if (failure !== undefined) stage.told.push(failure);
      }
    },
  },

  'a stream of Node over streams': {
    isStream: true,
    play: async (stage) => {
      const [ours, theirs] = narrowPair(stage);
      const echoing = stage.actor('echo', { onData: (data, actor) => actor.stream.write(data) });
      await stage.loop.connectAcceptedSocket(() => echoing, theirs);
      const streams = await streamsOver(stage, ours);
      if (streams[1].isClosing()) return streams[1].waitClosed(); // a call had failed by then, and this says which
      const duplex = duplexFrom(streams);
      duplex.end(Buffer.alloc(BIG));
      try {
        for await (const data of duplex) stage.noteData('duplex', data as Buffer); // it has no encoding
        stage.note('duplex', 'end');
      } finally {
        duplex.destroy();
        await echoing.lost;
      }
    },
  },

  'a connection that leaves its transport and goes on in another': {
    isStream: true,
    play: async (stage) => {
      const { transport, peer } = await fullConnection(stage);
      if (transport.isClosing()) return; // a call had failed by then
      const next = stage.actor('next');
      const connection = transport.detach();
      await stage.loop.attachConnection(() => next, connection);
      next.stream.write(Buffer.from('more'));
      next.stream.writeEof();
      await noteWhatArrives(stage, peer);
      peer.close();
      await next.lost;
    },
  },

  'a socket that is offered and taken': {
    isStream: true,
    play: async (stage) => {
      const [ours, theirs] = Socket.socketpair();
      stage.hold(ours);
      stage.hold(theirs);
      const taken = stage.hold(take(offer(ours)));
      ours.close();
      await stage.loop.sockSendall(taken, Buffer.from('x'));
      stage.noteData('peer', await stage.loop.sockRecv(theirs, 10));
    },
  },
};
