import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import {
  AF_INET,
  AF_UNIX,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  type SocketAddress,
  SOL_SOCKET,
  type Server,
} from '@ringloop/net';
import { iterations } from '../iterations.js';
import { makePipe } from '../pipes/pipes.js';
import { TestFile } from '../sendfile/test-file.js';
import type { Actor, Stage } from './scenario.js';

const LOCAL = { host: '127.0.0.1', port: 0 };
const BIG = 400_000; // more than the small buffers of two sockets

/** What a server or a socket is bound to, as an address to connect to. */
function addressOf(bound: { getsockname(): SocketAddress | string }): { host: string; port: number } {
  return toInput(bound.getsockname());
}

function toInput(from: SocketAddress | string): { host: string; port: number } {
  const { address, port } = from as SocketAddress; // all of these are IP addresses
  return { host: address, port };
}

function listening(server: Server): { host: string; port: number } {
  const [sock] = server.sockets ?? [];
  if (sock === undefined) throw new Error('The server is closed');
  return addressOf(sock);
}

function echo(data: Buffer, actor: Actor): void {
  actor.stream.write(data);
}

/** The client says hello and ends its half; the server echoes, then closes. Whoever is lost, the other one finds out. */
async function converse(client: Actor): Promise<void> {
  client.stream.write(Buffer.from('hello'));
  client.stream.writeEof();
  await client.lost;
}

/** A descriptor that is closed once, by its transport or by the scenario. */
class HeldDescriptor {
  readonly #fd: number;
  #isOpen = true;

  constructor(fd: number) {
    this.#fd = fd;
  }

  fileno(): number {
    return this.#fd;
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }
}

export interface Scenario {
  /** What arrives is a stream: it may come in any pieces. */
  readonly isStream: boolean;
  readonly play: (stage: Stage) => Promise<void>;
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a TCP server and a client': {
    isStream: true,
    play: async (stage) => {
      const served = stage.actor('server', { onData: echo });
      const server = stage.serve(await stage.loop.createServer(() => served, LOCAL));
      const client = stage.actor('client');
      await stage.loop.createConnection(() => client, listening(server));
      await converse(client);
      if (served.isMade) await served.lost;
    },
  },

  'a Unix server and a client': {
    isStream: true,
    play: async (stage) => {
      const served = stage.actor('server', { onData: echo });
      stage.serve(await stage.loop.createUnixServer(() => served, { path: stage.path }));
      const client = stage.actor('client');
      await stage.loop.createUnixConnection(() => client, { path: stage.path });
      await converse(client);
      if (served.isMade) await served.lost;
    },
  },

  'more data than the system takes': {
    isStream: true,
    play: async (stage) => {
      const served = stage.actor('server', {
        keepOpen: true,
        onEof: (transport) => transport.write(Buffer.alloc(BIG)),
      });
      const [ours, theirs] = Socket.socketpair();
      stage.hold(ours);
      stage.hold(theirs);
      for (const sock of [ours, theirs]) {
        sock.setsockopt(SOL_SOCKET, SO_SNDBUF, 65_536);
        sock.setsockopt(SOL_SOCKET, SO_RCVBUF, 65_536);
      }
      await stage.loop.connectAcceptedSocket(() => served, theirs);
      const client = stage.actor('client', {
        onData: (_data, actor) => {
          if (actor.bytes === BIG) actor.stream.close();
        },
      });
      await stage.loop.connectAcceptedSocket(() => client, ours);
      client.stream.write(Buffer.alloc(BIG));
      client.stream.writeEof();
      await client.lost;
      served.stream.close();
      await served.lost;
    },
  },

  'a full buffer, and writelines, and pauses': {
    isStream: true,
    play: async (stage) => {
      const served = stage.actor('server', { onMade: (transport) => transport.pauseReading() });
      const [ours, theirs] = Socket.socketpair();
      stage.hold(ours);
      stage.hold(theirs);
      ours.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
      await stage.loop.connectAcceptedSocket(() => served, theirs);
      const client = stage.actor('client');
      await stage.loop.connectAcceptedSocket(() => client, ours);
      client.stream.writelines([Buffer.alloc(50_000), Buffer.alloc(100_000)]);
      client.stream.close();
      served.stream.resumeReading();
      await client.lost;
      await served.lost;
    },
  },

  'five connections in a row': {
    isStream: true,
    play: async (stage) => {
      let count = 0;
      const server = stage.serve(
        await stage.loop.createServer(
          () => stage.actor(`server ${count++}`, { onMade: (each) => each.close() }),
          LOCAL,
        ),
      );
      const clients = [0, 1, 2, 3, 4].map((n) => stage.actor(`client ${n}`));
      const made = await Promise.allSettled(
        clients.map((client) => stage.loop.createConnection(() => client, listening(server))),
      );
      for (const result of made) if (result.status === 'rejected') stage.told.push(result.reason);
      for (const client of clients) if (client.isMade) await client.lost;
    },
  },

  'a pipe': {
    isStream: true,
    play: async (stage) => {
      const [reader, writer] = makePipe().map((fd) => new HeldDescriptor(fd));
      if (reader === undefined || writer === undefined) return; // never: there are two
      try {
        const source = stage.actor('reader');
        await stage.loop.connectReadPipe(() => source, reader);
        const sink = stage.actor('writer');
        const [transport] = await stage.loop.connectWritePipe(() => sink, writer);
        transport.write(Buffer.alloc(BIG));
        transport.close();
        await sink.lost;
        await source.lost;
      } finally {
        reader.close();
        writer.close();
      }
    },
  },

  'datagrams by UDP': {
    isStream: false,
    play: async (stage) => {
      const server = stage.actor('server', {
        onDatagram: (data, from, actor) => actor.datagrams.sendto(data, toInput(from)),
      });
      await stage.loop.createDatagramEndpoint(() => server, { localAddr: LOCAL });
      const client = stage.actor('client');
      const remoteAddr = addressOf(server.datagrams.getExtraInfo('socket'));
      await stage.loop.createDatagramEndpoint(() => client, { localAddr: LOCAL, remoteAddr });
      client.datagrams.sendto(Buffer.from('a'));
      await Promise.race([client.heard, server.failed]);
      client.datagrams.close();
      server.datagrams.close();
      await client.lost;
      await server.lost;
    },
  },

  'datagrams between Unix sockets': {
    isStream: false,
    play: async (stage) => {
      const server = stage.actor('server');
      await stage.loop.createDatagramEndpoint(() => server, { localAddr: stage.path });
      const client = stage.actor('client');
      await stage.loop.createDatagramEndpoint(() => client, { remoteAddr: stage.path });
      client.datagrams.sendto(Buffer.from('a'));
      await Promise.race([client.heard, server.heard, server.failed]);
      client.datagrams.close();
      server.datagrams.close();
      await client.lost;
      await server.lost;
    },
  },

  'sock… calls of TCP': {
    isStream: true,
    play: async (stage) => {
      const { loop } = stage;
      const listener = stage.hold(new Socket(AF_INET, SOCK_STREAM));
      listener.bind(LOCAL);
      listener.listen();
      const sock = stage.hold(new Socket(AF_INET, SOCK_STREAM));
      const accepting = loop.createTask(() => loop.sockAccept(listener));
      try {
        await loop.sockConnect(sock, addressOf(listener));
      } catch (thrown) {
        accepting.cancel();
        const [outcome] = await Promise.allSettled([accepting]);
        if (outcome.status === 'fulfilled') stage.hold(outcome.value[0]); // it had accepted before
        throw thrown;
      }
      const [peer] = await accepting;
      stage.hold(peer);
      const receiving = loop.sockRecv(peer, 100);
      await loop.sockSendall(sock, Buffer.from('hello'));
      stage.noteData('peer', await receiving);
      sock.close();
      for (let data = await loop.sockRecv(peer, 100); data.length > 0; data = await loop.sockRecv(peer, 100))
        stage.noteData('peer', data);
      stage.note('peer', 'end');
    },
  },

  'files on a socket': {
    isStream: true,
    play: async (stage) => {
      const { loop } = stage;
      using file = new TestFile(BIG);
      const [sock, peer] = Socket.socketpair();
      stage.hold(sock);
      stage.hold(peer);
      const receiving = loop.createTask(async () => {
        try {
          for (
            let data = await loop.sockRecv(peer, BIG);
            data.length > 0;
            data = await loop.sockRecv(peer, BIG)
          )
            stage.noteData('peer', data);
          stage.note('peer', 'end');
        } finally {
          peer.close();
        }
      });
      const sending = loop.createTask(async () => {
        try {
          stage.note('sender', `${await loop.sockSendfile(sock, file)} to ${file.position}`);
          stage.note('sender', String(await loop.sockSendfile(sock, file, { offset: 5, count: 10 })));
        } finally {
          sock.close();
        }
      });
      for (const outcome of await Promise.allSettled([receiving, sending]))
        if (outcome.status === 'rejected') stage.told.push(outcome.reason);
    },
  },

  'a file on a transport': {
    isStream: true,
    play: async (stage) => {
      using file = new TestFile(BIG);
      const served = stage.actor('server');
      const [ours, theirs] = Socket.socketpair();
      stage.hold(ours);
      stage.hold(theirs);
      await stage.loop.connectAcceptedSocket(() => served, theirs);
      const client = stage.actor('client');
      await stage.loop.connectAcceptedSocket(() => client, ours);
      client.stream.write(Buffer.alloc(BIG));
      try {
        stage.note('sender', `${await stage.loop.sendfile(client.stream, file)} to ${file.position}`);
      } catch (thrown) {
        if (!client.stream.isClosing()) throw thrown; // otherwise the protocol is told the same
      }
      client.stream.write(Buffer.from('end'));
      client.stream.writeEof();
      await client.lost;
      await served.lost;
    },
  },

  'sock… calls of datagrams': {
    isStream: false,
    play: async (stage) => {
      const { loop } = stage;
      const a = stage.hold(new Socket(AF_INET, SOCK_DGRAM));
      const b = stage.hold(new Socket(AF_INET, SOCK_DGRAM));
      a.bind(LOCAL);
      b.bind(LOCAL);
      const receiving = loop.createTask(() => loop.sockRecvfrom(b, 100));
      try {
        await loop.sockSendto(a, Buffer.from('hello'), addressOf(b));
      } catch (thrown) {
        receiving.cancel();
        throw thrown;
      }
      const [data] = await receiving;
      stage.note('b', data.toString());
    },
  },

  'sockets that are duplicated, adopted, connected by hand': {
    isStream: true,
    play: async (stage) => {
      const [a, b] = Socket.socketpair(AF_UNIX, SOCK_STREAM);
      stage.hold(a);
      stage.hold(b);
      const twin = stage.hold(a.dup());
      const fileno = twin.detach();
      let adopted: Socket;
      try {
        adopted = stage.hold(new Socket(AF_UNIX, SOCK_STREAM, { fileno }));
      } catch (thrown) {
        // It is still the caller's: a socket that takes it over closes it, unless this fails again.
        stage.hold(new Socket(AF_UNIX, SOCK_STREAM, { fileno }));
        throw thrown;
      }
      const room = Buffer.alloc(10);
      const read = stage.loop.createFuture<number>();
      stage.loop.addReader(b, () => {
        const count = b.tryRecvInto(room);
        if (count === -constants.errno.EAGAIN) return;
        stage.loop.removeReader(b);
        if (count < 0) read.setException(Object.assign(new Error('recv'), { errno: count, syscall: 'recv' }));
        else read.setResult(count);
      });
      try {
        await stage.loop.sockSendall(adopted, Buffer.from('x'));
        await read;
      } finally {
        stage.loop.removeReader(b);
      }
    },
  },

  'a descriptor that was closed while the loop watched it': {
    isStream: true,
    play: async (stage) => {
      const [a, b] = Socket.socketpair(AF_UNIX, SOCK_STREAM);
      stage.hold(a);
      stage.hold(b);
      stage.hold(a.dup()); // keeps the file open, and the kernel reports it
      const number = a.fileno();
      stage.loop.addReader(a, () => undefined);
      a.close();
      stage.loop.removeReader(number);
      await stage.loop.sockSendall(b, Buffer.from('x'));
      await iterations(stage.loop, 4);
    },
  },
};
