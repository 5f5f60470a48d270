import { setImmediate as immediate } from 'node:timers/promises';
import { expect } from 'chai';
import {
  SelectorEventLoop,
  SO_LINGER,
  SO_SNDBUF,
  Socket,
  type SocketAddress,
  SOL_SOCKET,
  type Transport,
} from '@ringloop/net';
import { onHandles } from '../backend.js';
import { epollRegistrations, openDescriptors } from '../descriptors.js';
import { Recorder } from '../recorder.js';

/** SO_LINGER, on, 0 s: closing sends RST instead of FIN. */
const RST = Buffer.from(new Int32Array([1, 0]).buffer);
const reset = (transport: Transport): void => {
  transport.getExtraInfo('socket').setsockopt(SOL_SOCKET, SO_LINGER, RST);
  transport.abort();
};

/** Writes more than the system takes from a peer that does not read. */
const fill = (transport: Transport): void => {
  // Node cannot make the system's buffer small, so more is needed to fill it.
  if (!onHandles) transport.getExtraInfo('socket').setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
  transport.write(Buffer.alloc(onHandles ? 16_000_000 : 1_000_000));
  expect(transport.getWriteBufferSize()).to.be.above(0);
};

/** How to break a connection, given both sides. */
const BREAKS: Record<string, (client: Transport, served: Transport) => void> = {
  'client closes': (client) => client.close(),
  'server closes': (_client, served) => served.close(),
  'client resets': (client) => reset(client),
  'server resets': (_client, served) => reset(served),
  'client ends its half': (client) => client.writeEof(),
  'server ends its half': (_client, served) => served.writeEof(),
  'both abort': (client, served) => {
    client.abort();
    served.abort();
  },
  'both close': (client, served) => {
    client.close();
    served.close();
  },
  'reset while the other side has a full buffer': (client, served) => {
    client.pauseReading();
    fill(served);
    reset(client);
  },
  'abort with a full buffer': (client, served) => {
    served.pauseReading();
    fill(client);
    client.abort();
    served.abort(); // without reading it all: the kernel's window probes would take seconds on a busy machine
  },
  'data, then close': (client, served) => {
    served.write(Buffer.alloc(1000));
    client.write(Buffer.alloc(1000));
    client.close();
  },
  'write into a closed connection': (client, served) => {
    reset(client);
    for (let i = 0; i < 4; i++) served.write(Buffer.alloc(100));
  },
};

const ROUNDS = 70; // times 12 ways, and 160 that never come to be: 1,000

async function breakAll(loop: SelectorEventLoop): Promise<void> {
  const served: Recorder[] = [];
  const server = await loop.createServer(
    () => {
      const protocol = new Recorder(loop);
      served.push(protocol);
      return protocol;
    },
    { host: '127.0.0.1', port: 0 },
  );
  const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
  const ways = Object.values(BREAKS);
  const lost: PromiseLike<unknown>[] = [];
  for (let i = 0; i < ROUNDS * ways.length; i++) {
    const [client, protocol] = await loop.createConnection(() => new Recorder(loop), {
      host: '127.0.0.1',
      port,
    });
    const theirs = served[i];
    if (theirs === undefined) throw new Error('not accepted');
    ways[i % ways.length]?.(client, await theirs.made);
    lost.push(protocol.lost, theirs.lost);
    if (i % 20 === 0) await Promise.all(lost.splice(0)); // not all at once: buffers are large
  }
  await Promise.all(lost);
  server.close();
  await server.waitClosed();
}

/** Connections that are refused, and ones cancelled at every stage. */
async function connectInVain(loop: SelectorEventLoop): Promise<void> {
  const nobody = (): object => ({});
  using bound = new Socket();
  bound.bind({ host: '127.0.0.1', port: 0 });
  const { port } = bound.getsockname() as SocketAddress;
  for (let i = 0; i < 80; i++) {
    const outcome = await Promise.allSettled([loop.createConnection(nobody, { host: '127.0.0.1', port })]);
    expect(outcome[0].status).to.equal('rejected');
  }
  const server = await loop.createServer(nobody, { host: '127.0.0.1', port: 0 });
  const address = server.sockets?.[0]?.getsockname() as SocketAddress;
  for (let i = 0; i < 80; i++) {
    const attempt = loop.createTask(() =>
      loop.createConnection(nobody, { host: '127.0.0.1', port: address.port }),
    );
    const cancel = (left: number): void => {
      if (left === 0) attempt.cancel();
      else loop.callSoon(cancel, left - 1);
    };
    cancel(i % 8);
    const [outcome] = await Promise.allSettled([attempt]);
    if (outcome.status === 'fulfilled') outcome.value[0].abort();
  }
  server.close();
  await server.waitClosed();
}

describe('net: descriptors', () => {
  it('SelectorEventLoop has no descriptor left after 1,000 connections were broken in all ways', async () => {
    const before = openDescriptors();
    const loop = new SelectorEventLoop({ name: 'leaks' });
    const reports: unknown[] = [];
    loop.setExceptionHandler((_loop, context) => reports.push(context));
    const epolls = [...openDescriptors()].filter(
      ([fd, what]) => !before.has(fd) && what.includes('eventpoll'),
    );
    expect(epolls).to.have.length(onHandles ? 0 : 1);
    await loop.runUntilComplete(async () => {
      // libuv keeps one descriptor in reserve for the accepting of its thread, from its first server on.
      if (onHandles) (await loop.createServer(() => ({}), { host: '127.0.0.1', port: 0 })).close();
      const running = [...openDescriptors().keys()];
      await breakAll(loop);
      await connectInVain(loop);
      expect([...openDescriptors().keys()]).to.deep.equal(running);
      for (const [epoll] of epolls) expect(epollRegistrations(epoll)).to.equal(0);
    });
    loop.close();
    expect(reports).to.deep.equal([]);
    await immediate(); // libuv lets go of the epoll descriptor in the next turn
    const left = [...openDescriptors()].filter(
      ([fd, what]) => !before.has(fd) && !(onHandles && what === '/dev/null'),
    );
    expect(left).to.deep.equal([]);
  }).slow(5000);
});
