/** Peers that somebody else has written. asyncio is one, too: test/differential/sockets. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { expect } from 'chai';
import type { DatagramTransport, Protocol, SelectorEventLoop, SocketAddress, Transport } from '@ringloop/net';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { Recorder } from '../recorder.js';
import { missing, output, socatServer, titled } from './programs.js';
import { TinyHttp } from './tiny-http.js';

const MEGABYTE = Buffer.alloc(1_048_576, 'ringloop ');

/** Answers with what it gets, and ends its side when the peer has ended the other. */
class Echo implements Protocol {
  #transport: Transport | null = null;

  connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    this.#transport?.write(data);
  }
}

/** A server of ours, on a port or a path, while `body` runs; afterwards nothing of it is open. */
function serving(
  make: () => Protocol,
  body: (at: { port: number; path: string }, loop: SelectorEventLoop) => Promise<void>,
): Promise<void> {
  const before = new Set(openDescriptors().keys());
  const directory = mkdtempSync(join(tmpdir(), 'ringloop-peers-'));
  return inLoop(async (loop) => {
    const path = join(directory, 'socket');
    const server = await loop.createServer(make, { host: '127.0.0.1', port: 0 });
    const unix = await loop.createUnixServer(make, { path });
    try {
      const { port } = server.sockets?.[0]?.getsockname() as SocketAddress; // of TCP
      await body({ port, path }, loop);
    } finally {
      for (const each of [server, unix]) {
        each.close();
        await each.waitClosed();
      }
      rmSync(directory, { recursive: true });
    }
  }).then(async () => {
    await immediate();
    await immediate(); // libuv closes its side in the next turn
    const left = [...openDescriptors()].filter(([fd, what]) => !before.has(fd) && what.startsWith('socket:'));
    expect(left).to.deep.equal([]);
  });
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function answer(transport: DatagramTransport, to: SocketAddress | string): void {
  const { address: host, port } = to as SocketAddress; // of UDP
  transport.sendto(Buffer.from('hello yourself'), { host, port });
}

/** The tests of one program; skipped, with the reason in the title, where it is not installed. */
function describePeer(program: string, reason: string | null): void {
  const cases: Readonly<Record<string, () => Promise<void>>> = CASES[program] ?? {};
  for (const [title, run] of Object.entries(cases)) {
    it(titled(`${program}: ${title}`, reason), function () {
      if (reason !== null) this.skip();
      return run();
    }).slow(3000);
  }
}

const CASES: Readonly<Record<string, Readonly<Record<string, () => Promise<void>>>>> = {
  curl: {
    'asks twice through one connection, and once through a Unix socket': () =>
      serving(
        () => new TinyHttp('hello, curl\n'),
        async ({ port, path }) => {
          const url = `http://127.0.0.1:${port}/`;
          const write = ['-sS', '-w', '%{http_code} %{num_connects}\n'];
          expect(await output('curl', [...write, url, url])).to.equal(
            'hello, curl\n200 1\nhello, curl\n200 0\n',
          );
          expect(await output('curl', [...write, '--unix-socket', path, url])).to.equal(
            'hello, curl\n200 1\n',
          );
        },
      ),
    'gets a large body, and sees the end of the connection': () =>
      serving(
        () => new TinyHttp(MEGABYTE.toString()),
        async ({ port }) => {
          const args = ['-sS', '-H', 'Connection: close', '-o', '/dev/null', '-w', '%{size_download}'];
          expect(await output('curl', [...args, `http://127.0.0.1:${port}/`])).to.equal('1048576');
        },
      ),
  },
  wrk: {
    'finds no error in fifty connections at full load': () =>
      serving(
        () => new TinyHttp('x'.repeat(2000)),
        async ({ port }) => {
          const said = await output('wrk', ['-t1', '-c50', '-d1s', `http://127.0.0.1:${port}/`]);
          expect(Number(/(\d+) requests in/.exec(said)?.[1])).to.be.above(100);
          expect(said).not.to.match(/Socket errors|Non-2xx/);
        },
      ),
  },
  socat: {
    'ends its half, and gets the rest, by TCP and by a Unix socket': () =>
      serving(
        () => new Echo(),
        async ({ port, path }) => {
          const text = 'hello, socat\n'.repeat(20_000);
          for (const at of [`TCP:127.0.0.1:${port}`, `UNIX-CONNECT:${path}`]) {
            expect(await output('socat', ['-t', '20', '-', at], text)).to.equal(text);
          }
        },
      ),
    'serves a client of ours, and ends when the client has ended its half': () =>
      inLoop(async (loop) => {
        const socat = await socatServer('TCP-LISTEN:0,bind=127.0.0.1', 'EXEC:cat');
        const [transport, protocol] = await loop.createConnection(() => new Recorder(loop), {
          host: '127.0.0.1',
          port: socat.port,
        });
        transport.write(MEGABYTE);
        transport.writeEof();
        expect(await protocol.lost).to.equal(null);
        expect(Buffer.concat(protocol.chunks).equals(MEGABYTE)).to.equal(true);
        if (socat.process.exitCode === null) await once(socat.process, 'exit');
      }),
    'sends a datagram, and gets the answer': () =>
      inLoop(async (loop) => {
        const echo = {
          transport: null as DatagramTransport | null,
          connectionMade(transport: DatagramTransport): void {
            this.transport = transport;
          },
          datagramReceived(_data: Buffer, from: SocketAddress | string): void {
            if (this.transport !== null) answer(this.transport, from);
          },
        };
        const [transport] = await loop.createDatagramEndpoint(() => echo, {
          localAddr: { host: '127.0.0.1', port: 0 },
        });
        const { port } = transport.getExtraInfo('sockname') as SocketAddress; // of UDP
        expect(await output('socat', ['-t', '1', '-', `UDP:127.0.0.1:${port}`], 'hello')).to.equal(
          'hello yourself',
        );
        transport.close();
      }),
  },
};

describe('net: peers', () => {
  it('node:net: a client ends its half, and gets all that a server has to say', () =>
    serving(
      () => new Echo(),
      async ({ port, path }) => {
        for (const at of [{ port, host: '127.0.0.1' }, { path }]) {
          const client = net.connect({ ...at, allowHalfOpen: true } as net.NetConnectOpts);
          client.end(MEGABYTE);
          expect((await readAll(client)).equals(MEGABYTE)).to.equal(true);
        }
      },
    ));

  it('node:net: a server gets all that a client has to say, and resets', () =>
    inLoop(async (loop) => {
      const got: Promise<Buffer>[] = [];
      const server = net.createServer({ allowHalfOpen: true }, (sock) => {
        got.push(readAll(sock));
        sock.once('end', () => sock.end('thanks'));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as net.AddressInfo;
      const [transport, protocol] = await loop.createConnection(() => new Recorder(loop), {
        host: '127.0.0.1',
        port,
      });
      transport.write(MEGABYTE);
      transport.writeEof();
      expect(await protocol.lost).to.equal(null);
      expect(protocol.text).to.equal('thanks');
      expect((await got[0])?.equals(MEGABYTE)).to.equal(true);
      server.removeAllListeners('connection').on('connection', (sock) => {
        sock.once('data', () => sock.resetAndDestroy());
      });
      const [doomed, refused] = await loop.createConnection(() => new Recorder(loop), {
        host: '127.0.0.1',
        port,
      });
      doomed.write(Buffer.from('x'));
      expect(await refused.lost).to.include({ code: 'ECONNRESET' });
      server.close();
    }));

  it('node:dgram: datagrams go both ways, with the right addresses', () =>
    inLoop(async (loop) => {
      const peer = dgram.createSocket('udp4');
      peer.bind(0, '127.0.0.1');
      await once(peer, 'listening');
      const heard = loop.createFuture<[string, SocketAddress | string]>();
      const [transport] = await loop.createDatagramEndpoint(
        () => ({
          datagramReceived: (data: Buffer, from: SocketAddress | string) =>
            heard.setResult([data.toString(), from]),
        }),
        { localAddr: { host: '127.0.0.1', port: 0 } },
      );
      const ours = transport.getExtraInfo('sockname') as SocketAddress; // of UDP
      peer.send('hello', ours.port, ours.address);
      const [text, from] = await heard;
      expect([text, from]).to.deep.equal(['hello', { ...peer.address(), family: 'IPv4' }]);
      answer(transport, from);
      const [message, info] = (await once(peer, 'message')) as [Buffer, dgram.RemoteInfo];
      expect([message.toString(), info.port]).to.deep.equal(['hello yourself', ours.port]);
      peer.close();
      transport.close();
    }));

  for (const program of ['curl', 'wrk', 'socat']) describePeer(program, missing(program));
});
