import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '@ringloop/core';
import {
  AF_INET,
  AF_UNIX,
  type DatagramOptions,
  type DatagramTransport,
  SO_BROADCAST,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOCK_DGRAM,
  Socket,
  type SocketAddress,
  SOL_SOCKET,
} from '@ringloop/net';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { itWithEpoll, nodeHasReusePort, onHandles } from '../backend.js';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';

const LOCAL = { host: '127.0.0.1', port: 0 };

/** Writes down what happens. */
class Recorder {
  readonly events: unknown[] = [];
  transport: DatagramTransport | null = null;

  connectionMade(transport: DatagramTransport): void {
    this.transport = transport;
    this.events.push('made');
  }

  datagramReceived(data: Buffer, address: SocketAddress | string): void {
    this.events.push(data.toString());
    this.addresses.push(address);
  }

  readonly addresses: (SocketAddress | string)[] = [];

  errorReceived(error: Error & { code?: unknown }): void {
    this.events.push(error.code);
  }

  connectionLost(exc: Error | null): void {
    this.events.push(['lost', exc]);
  }

  async until(count: number): Promise<void> {
    while (this.events.length < count) await sleep(0.001);
  }
}

/** Answers each datagram to its sender. */
class Echo extends Recorder {
  override datagramReceived(data: Buffer, address: SocketAddress): void {
    super.datagramReceived(data, address);
    this.transport?.sendto(Buffer.from(`resp:${data.toString()}`), {
      host: address.address,
      port: address.port,
    });
  }
}

function addressOf(transport: DatagramTransport): { host: string; port: number } {
  const name = transport.getExtraInfo('sockname') as SocketAddress; // an IP socket's
  return { host: name.address, port: name.port };
}

describe('createDatagramEndpoint()', () => {
  // CPython test_create_datagram_endpoint, test_create_datagram_endpoint_ipv6
  for (const host of ['127.0.0.1', '::1']) {
    it(`a connected endpoint gets the echo of ${host}, then connectionLost(null)`, () =>
      inLoop(async (loop) => {
        const [server, echo] = await loop.createDatagramEndpoint(() => new Echo(), {
          localAddr: { host, port: 0 },
        });
        const [client, recorder] = await loop.createDatagramEndpoint(() => new Recorder(), {
          remoteAddr: addressOf(server),
        });
        expect(client.getExtraInfo('peername')).to.deep.equal(server.getExtraInfo('sockname'));
        client.sendto(Buffer.from('a'));
        client.sendto(Buffer.from('b'), addressOf(server));
        await recorder.until(3);
        expect(recorder.events).to.deep.equal(['made', 'resp:a', 'resp:b']);
        expect(() => client.sendto(Buffer.from('c'), { host, port: 1 })).to.throw(
          TypeError,
          'Invalid address',
        );
        client.close();
        server.close();
        await sleep(0.01);
        expect(recorder.events.at(-1)).to.deep.equal(['lost', null]);
        expect(echo.events).to.deep.equal(['made', 'a', 'b', ['lost', null]]);
      }));
  }

  it("exchanges datagrams with Node's own socket, empty ones too", () =>
    inLoop(async (loop) => {
      const [transport, recorder] = await loop.createDatagramEndpoint(() => new Recorder(), {
        localAddr: LOCAL,
      });
      const node = createSocket('udp4');
      const answered = new Promise<string>((resolve) =>
        node.on('message', (data) => resolve(data.toString())),
      );
      node.send('', addressOf(transport).port, '127.0.0.1');
      await recorder.until(2);
      expect(recorder.events).to.deep.equal(['made', '']);
      const from = recorder.addresses[0] as SocketAddress;
      transport.sendto(Buffer.from('to node'), { host: from.address, port: from.port });
      expect(await answered).to.equal('to node');
      node.close();
      transport.close();
    }));

  // golden.md: to a closed port, one error for each send
  it('tells the protocol of each datagram that a closed port has refused, and goes on', () =>
    inLoop(async (loop) => {
      const closed = new Socket(AF_INET, SOCK_DGRAM);
      closed.bind(LOCAL);
      const { port } = closed.getsockname() as SocketAddress;
      closed.close();
      const [transport, recorder] = await loop.createDatagramEndpoint(() => new Recorder(), {
        remoteAddr: { host: '127.0.0.1', port },
      });
      transport.sendto(Buffer.from('x'));
      await recorder.until(2);
      transport.sendto(Buffer.from('y'));
      await recorder.until(3);
      expect(recorder.events).to.deep.equal(['made', 'ECONNREFUSED', 'ECONNREFUSED']);
      expect(transport.isClosing()).to.equal(false);
      transport.close();
    }));

  itWithEpoll(
    'Node has no Unix datagrams',
    'keeps datagrams in order while the system takes none, pauses the protocol, and close() sends them all',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'ringloop-dgram-'));
      try {
        await inLoop(async (loop) => {
          const path = join(folder, 'there');
          using there = new Socket(AF_UNIX, SOCK_DGRAM);
          there.bind(path);
          const flow: string[] = [];
          const [transport, recorder] = await loop.createDatagramEndpoint(
            () =>
              Object.assign(new Recorder(), {
                pauseWriting: () => flow.push('pause'),
                resumeWriting: () => flow.push('resume'),
              }),
            { remoteAddr: path },
          );
          transport.getExtraInfo('socket').setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
          transport.setWriteBufferLimits({ high: 1000 });
          const memory = Buffer.alloc(100);
          for (let i = 0; i < 200; i++) {
            memory.fill(String(i % 10));
            transport.sendto(memory); // copied: the next one overwrites it
          }
          expect(transport.getWriteBufferSize())
            .to.be.greaterThan(1000)
            .and.satisfy((bytes: number) => bytes % 108 === 0);
          transport.close();
          const room = Buffer.alloc(200);
          let received = '';
          while (received.length < 200) {
            for (let n = there.tryRecvInto(room); n === 100; n = there.tryRecvInto(room))
              received += room.toString('latin1', 0, 1);
            await sleep(0.001);
          }
          expect(received).to.equal('0123456789'.repeat(20));
          await recorder.until(2);
          expect([recorder.events, flow]).to.deep.equal([
            ['made', ['lost', null]],
            ['pause', 'resume'],
          ]);
        });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  it('abort() drops what waits; what is sent later is dropped', () =>
    inLoop(async (loop) => {
      const [transport, recorder] = await loop.createDatagramEndpoint(() => new Recorder(), {
        localAddr: LOCAL,
      });
      const to = addressOf(transport);
      transport.abort();
      transport.abort();
      transport.sendto(Buffer.from('late'), to);
      await sleep(0.01);
      expect(recorder.events).to.deep.equal(['made', ['lost', null]]);
    }));

  it('what datagramReceived throws is reported, and the transport goes on', () =>
    inLoop(async (loop, reports) => {
      const [transport, recorder] = await loop.createDatagramEndpoint(
        () =>
          Object.assign(new Recorder(), {
            datagramReceived(data: Buffer) {
              if (data.toString() === 'bad') throw new RangeError('on purpose');
              recorder.events.push(data.toString());
            },
          }),
        { localAddr: LOCAL },
      );
      const to = addressOf(transport);
      for (const text of ['bad', 'good']) transport.sendto(Buffer.from(text), to);
      await recorder.until(2);
      expect(recorder.events).to.deep.equal(['made', 'good']);
      expect(reports.splice(0).map(({ exception }) => exception?.message)).to.deep.equal(['on purpose']);
      transport.close();
    }));

  it('sets SO_BROADCAST without connecting', () =>
    inLoop(async (loop) => {
      const remoteAddr = { host: '127.0.0.1', port: 9 };
      const [broadcast] = await loop.createDatagramEndpoint(() => new Recorder(), {
        remoteAddr,
        allowBroadcast: true,
      });
      expect(broadcast.getExtraInfo('socket').getsockopt(SOL_SOCKET, SO_BROADCAST)).to.equal(1);
      expect(broadcast.getExtraInfo('peername')).to.equal(null);
      broadcast.close();
    }));

  it('shares an address with reusePort (on handles: from Node 22.12 and 23.1 on)', async function () {
    if (onHandles && !nodeHasReusePort) this.skip();
    await inLoop(async (loop) => {
      const [one] = await loop.createDatagramEndpoint(() => new Recorder(), {
        localAddr: LOCAL,
        reusePort: true,
      });
      const [two] = await loop.createDatagramEndpoint(() => new Recorder(), {
        localAddr: addressOf(one),
        reusePort: true,
      });
      expect(two.getExtraInfo('socket').getsockopt(SOL_SOCKET, SO_REUSEPORT)).to.equal(1);
      one.close();
      two.close();
    });
  });

  itWithEpoll('Node has no Unix datagrams', 'takes a socket over, and refuses other options beside it', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair(AF_UNIX, SOCK_DGRAM);
      const [transport, recorder] = await loop.createDatagramEndpoint(() => new Recorder(), { sock: a });
      expect(a.fileno()).to.equal(-1);
      b.send(Buffer.from('in'));
      await recorder.until(2);
      expect([recorder.events, recorder.addresses]).to.deep.equal([['made', 'in'], ['']]);
      transport.close();
      const reuse = { sock: b, reusePort: true };
      expect((await rejection(loop.createDatagramEndpoint(() => new Recorder(), reuse))).message).to.equal(
        'socket modifier keyword arguments can not be used when sock is specified. (reusePort=true)',
      );
      b.close();
    }),
  );

  it("wrong options are refused with asyncio's messages, and nothing is left open", () =>
    inLoop(async (loop) => {
      const before = openDescriptors().size;
      const open = (options: DatagramOptions): PromiseLike<unknown> =>
        loop.createDatagramEndpoint(() => new Recorder(), options);
      const message = async (options: object): Promise<string> => (await rejection(open(options))).message;
      expect(await message({})).to.equal('unexpected address family');
      const v4 = { host: '127.0.0.1', port: 1 };
      expect(await message({ localAddr: v4, remoteAddr: { host: '::1', port: 1 } })).to.equal(
        'can not get address information',
      );
      expect(await message({ family: AF_UNIX, localAddr: v4 })).to.match(/^string is expected, got /);
      const stream = new Socket();
      expect(await message({ sock: stream })).to.match(/^A datagram socket was expected, got /);
      stream.close();
      expect(await message({ localAddr: { host: 5, port: 1 } })).to.include('host must be a string');
      expect(await rejection(open({ localAddr: { host: '192.0.2.1', port: 0 } }))).to.include({
        code: 'EADDRNOTAVAIL',
      });
      const [transport] = await loop.createDatagramEndpoint(() => new Recorder(), { localAddr: LOCAL });
      expect(() => transport.sendto('text' as never)).to.throw(TypeError, 'Uint8Array');
      expect(() => transport.sendto(Buffer.from('x'))).to.throw(TypeError, 'address must be given');
      expect(() => transport.sendto(Buffer.from('x'), { host: 'localhost', port: 1 })).to.throw(
        TypeError,
        'IPv4',
      );
      transport.close();
      await sleep(0.01);
      expect(openDescriptors().size).to.equal(before);
    }));

  it('cancelled in any iteration, it leaves nothing open', () =>
    inLoop(async (loop) => {
      const before = openDescriptors().size;
      for (let iterations = 0; iterations < 8; iterations++) {
        const opening = loop.createTask(() =>
          loop.createDatagramEndpoint(() => new Recorder(), { localAddr: LOCAL }),
        );
        for (let i = 0; i < iterations; i++) await sleep(0);
        opening.cancel();
        await opening.then(
          ([transport]) => transport.abort(),
          () => undefined,
        );
        await sleep(0.001);
      }
      expect(openDescriptors().size).to.equal(before);
    }));
});
