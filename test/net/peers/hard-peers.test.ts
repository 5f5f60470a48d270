/** Peers that do not read, do not speak, do not stay, or come in thousands. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setImmediate as immediate } from 'node:timers/promises';
import type { Future } from '@ringloop/core';
import { expect } from 'chai';
import {
  type SelectorEventLoop,
  type Server,
  SO_LINGER,
  Socket,
  type SocketAddress,
  SOL_SOCKET,
} from '@ringloop/net';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { linked } from '../linked.js';
import { Recorder } from '../recorder.js';

const RST = Buffer.from(new Int32Array([1, 0]).buffer); // SO_LINGER, on, 0 s: closing sends RST instead of FIN
const CHUNK = 20_000;
const CROWD = 10_000; // connections; as many as the limit of descriptors allows
const SPARE = 200; // descriptors that a process needs for itself

interface Served {
  readonly server: Server;
  readonly protocols: Recorder[];
  readonly address: { readonly host: string; readonly port: number };
}

async function serve(loop: SelectorEventLoop, keepOpen = false, backlog = 100): Promise<Served> {
  const protocols: Recorder[] = [];
  const make = (): Recorder => {
    const protocol = new Recorder(loop, { keepOpen, onData: (data, transport) => transport.write(data) });
    protocols.push(protocol);
    return protocol;
  };
  const server = await loop.createServer(make, { host: '127.0.0.1', port: 0, backlog });
  const { address: host, port } = server.sockets?.[0]?.getsockname() as SocketAddress; // of TCP
  return { server, protocols, address: { host, port } };
}

async function connect(loop: SelectorEventLoop, address: Served['address']): Promise<Socket> {
  const sock = new Socket();
  await loop.sockConnect(sock, address);
  return sock;
}

/** A normal client, whom the others must not keep from being served. */
async function ask(loop: SelectorEventLoop, address: Served['address']): Promise<string> {
  const sock = await connect(loop, address);
  await loop.sockSendall(sock, Buffer.from('hello'));
  const answer = await loop.sockRecv(sock, 100);
  sock.close();
  return answer.toString();
}

/** Afterwards the process has the descriptors that it had before. */
async function givingBack(body: () => Promise<void>): Promise<void> {
  const before = new Set(openDescriptors().keys());
  await body();
  await immediate(); // libuv lets go of the epoll descriptor in the next turn
  expect([...openDescriptors()].filter(([fd]) => !before.has(fd))).to.deep.equal([]);
}

async function finish({ server, protocols }: Served): Promise<void> {
  server.close();
  server.abortClients();
  await server.waitClosed();
  for (const protocol of protocols) await protocol.lost;
}

describe('net: hard peers', () => {
  it('StreamTransport, with a slow reader, holds no more than its high mark and one write', () =>
    givingBack(() =>
      inLoop(async (loop) => {
        const paused: Future<undefined>[] = []; // at most one
        const { transport, protocol, peer } = await linked(loop);
        transport.setProtocol({
          pauseWriting: () => void paused.push(loop.createFuture<undefined>()),
          resumeWriting: () => {
            paused.pop()?.setResult(undefined);
          },
          connectionLost: (exc) => protocol.connectionLost(exc),
        });
        let most = 0;
        let read = 0;
        const room = Buffer.alloc(5000);
        loop.addReader(peer, () => (read += Math.max(0, peer.tryRecvInto(room)))); // 5,000 bytes an iteration
        for (let i = 0; i < 100; i++) {
          transport.write(Buffer.alloc(CHUNK));
          most = Math.max(most, transport.getWriteBufferSize());
          await paused[0];
        }
        const [, high] = transport.getWriteBufferLimits();
        expect(most).to.be.within(high, high + CHUNK);
        transport.close();
        await protocol.lost;
        while (read < 100 * CHUNK) await iterations(loop, 1);
        expect(read).to.equal(100 * CHUNK);
        loop.removeReader(peer);
        peer.close();
      }),
    ));

  it('StreamTransport, with a peer that never reads, is not ended by close(), but by abort()', () =>
    givingBack(() =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop);
        transport.write(Buffer.alloc(1_000_000));
        transport.close();
        await iterations(loop, 50);
        expect([protocol.state, transport.isClosing()]).to.deep.equal(['connected', true]);
        transport.abort();
        expect(await protocol.lost).to.equal(null);
        peer.close();
      }),
    ));

  it('Server keeps connections whose peers have ended their half, and answers them', () =>
    givingBack(() =>
      inLoop(async (loop) => {
        const served = await serve(loop, true);
        const peers: Socket[] = [];
        for (let i = 0; i < 200; i++) {
          const peer = await connect(loop, served.address);
          peer.shutdown(1); // SHUT_WR
          peers.push(peer);
        }
        for (const protocol of served.protocols) await protocol.ended;
        for (const protocol of served.protocols) protocol.transport.write(Buffer.from('still here'));
        for (const peer of peers) expect((await loop.sockRecv(peer, 100)).toString()).to.equal('still here');
        await finish(served);
        for (const peer of peers) peer.close();
      }),
    ));

  it('Server survives a flood of connections that are reset at once', () =>
    givingBack(() =>
      inLoop(async (loop) => {
        const served = await serve(loop);
        for (let i = 0; i < 1000; i++) {
          const peer = new Socket();
          peer.setsockopt(SOL_SOCKET, SO_LINGER, RST);
          peer.tryConnect(served.address);
          if (i % 2 === 0) await iterations(loop, 1); // some are reset before they are accepted, some after
          peer.close();
        }
        expect(await ask(loop, served.address)).to.equal('hello');
        await finish(served);
      }),
    )).slow(3000);

  it('Server answers others while 300 peers send a byte now and then', () =>
    givingBack(() =>
      inLoop(async (loop) => {
        const served = await serve(loop);
        const peers: Socket[] = [];
        for (let i = 0; i < 300; i++) peers.push(await connect(loop, served.address));
        for (let round = 0; round < 5; round++) {
          for (const peer of peers) peer.send(Buffer.from('x'));
          expect(await ask(loop, served.address)).to.equal('hello');
        }
        await finish(served);
        for (const peer of peers) peer.close();
      }),
    )).slow(3000);

  it('Server.close() in a storm of connections: each one is served or refused, and waitClosed() ends', () =>
    givingBack(() =>
      inLoop(async (loop) => {
        const served = await serve(loop, false, 10);
        const clients: Recorder[] = [];
        const storm = Array.from({ length: 400 }, () => {
          const client = new Recorder(loop);
          clients.push(client);
          return loop.createConnection(() => client, served.address);
        });
        await iterations(loop, 3);
        served.server.close();
        const outcomes = await Promise.allSettled(storm);
        served.server.abortClients();
        await served.server.waitClosed();
        const codes = new Set<unknown>();
        for (const [at, outcome] of outcomes.entries()) {
          if (outcome.status === 'fulfilled') await clients[at]?.lost;
          else codes.add((outcome.reason as { code?: unknown }).code);
        }
        expect([...codes].filter((code) => code !== 'ECONNREFUSED' && code !== 'ECONNRESET')).to.deep.equal(
          [],
        );
        for (const protocol of served.protocols) if (protocol.state !== 'initial') await protocol.lost;
      }),
    )).slow(3000);

  for (const [how, count] of [
    ['close', CROWD],
    ['abort', 1000],
  ] as const) {
    it(`Server serves ${count} connections at once, ${how}s them, and keeps nothing of them`, async function () {
      const limit = await descriptorLimit();
      const size = Math.min(count, limit - SPARE);
      const server = crowd('server', size, how);
      const port = await server.line();
      const client = crowd('client', size, String(port));
      const left = await server.line();
      expect(await client.line()).to.equal(size);
      const { heapMb, ...counts } = left as { heapMb: number };
      expect(counts).to.deep.equal({ open: size, left: 0, failed: 0 });
      expect(heapMb).to.be.below(60); // 10,000 open ones take more
    })
      .timeout(120_000)
      .slow(20_000);
  }
});

/** A process with as many descriptors as it may have; the messages that it writes. */
function crowd(...args: readonly (string | number)[]): { line(): Promise<unknown> } {
  const fixture = new URL('../fixtures/crowd.js', import.meta.url).pathname;
  const command = 'ulimit -n "$(ulimit -Hn)" && exec "$0" --expose-gc "$@"';
  const started = spawn('sh', ['-c', command, process.execPath, fixture, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(started.stdout)[Symbol.asyncIterator]();
  return {
    line: async () => {
      const line = await lines.next();
      if (line.done === true) throw new Error(`The ${String(args[0])} has ended without a word`);
      return JSON.parse(line.value) as unknown;
    },
  };
}

async function descriptorLimit(): Promise<number> {
  const started = spawn('sh', ['-c', 'ulimit -Hn'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of started.stdout) text += String(chunk);
  return text.trim() === 'unlimited' ? Infinity : Number(text);
}
