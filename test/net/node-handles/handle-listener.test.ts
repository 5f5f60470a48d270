import { once } from 'node:events';
import net from 'node:net';
import { setImmediate as immediate } from 'node:timers/promises';
import { expect } from 'chai';
import sinon from 'sinon';
import {
  AF_INET,
  SelectorEventLoop,
  SO_REUSEADDR,
  type SocketAddress,
  SOL_SOCKET,
  TransportSocket,
} from '@ringloop/net';
import { HandleListener, HandleSelector } from '@ringloop/net/internal';
import { inLoop as inAnyLoop, type Reports } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { Recorder } from '../recorder.js';
import { rejection, thrownBy } from '../../rejection.js';

const LOCAL = { host: '127.0.0.1', port: 0 };
const EAGAIN = 11; // the tests run on Linux
const inLoop = (body: (loop: SelectorEventLoop, reports: Reports) => Promise<void>): Promise<void> =>
  inAnyLoop(body, { net: 'libuv' });

async function opened(
  backlog = 100,
): Promise<{ selector: HandleSelector; listener: HandleListener; port: number }> {
  const selector = new HandleSelector(() => undefined);
  const listener = await new Promise<HandleListener>((resolve, reject) => {
    const made: HandleListener = new HandleListener(
      selector,
      { family: AF_INET, at: LOCAL, backlog },
      (error) => {
        if (error === null) resolve(made);
        else reject(error);
      },
    );
  });
  return { selector, listener, port: (listener.getsockname() as SocketAddress).port };
}

/** Connects, and returns how the connection ends: with an error's code, or 'close'. */
async function fateOf(port: number): Promise<string> {
  const client = net.connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    client.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    client.on('close', () => resolve('close'));
  });
}

describe('net/handle-listener', () => {
  it('HandleListener.tryAccept() gives connections in order, then -EAGAIN, and -EBADF when it is closed', async () => {
    const { listener, port } = await opened();
    listener.listen();
    expect([listener.tryAccept(), listener.isReady('reader')]).to.deep.equal([-EAGAIN, false]);
    const client = net.connect(port, '127.0.0.1');
    await once(client, 'connect');
    while (!listener.isReady('reader')) await immediate();
    const [stream, peername] = listener.tryAccept() as Exclude<
      ReturnType<HandleListener['tryAccept']>,
      number
    >;
    expect(peername).to.deep.equal({ address: '127.0.0.1', port: client.localPort, family: 'IPv4' });
    expect([stream.family, stream.getpeername()]).to.deep.equal([AF_INET, peername]);
    expect(listener.tryAccept()).to.equal(-EAGAIN);
    stream.close();
    await once(client, 'close');
    listener.close();
    listener.close();
    expect(listener.tryAccept()).to.equal(-9);
    expect(await thrownBy(() => listener.getsockname())).to.include({ code: 'EBADF' });
    expect(await fateOf(port)).to.equal('ECONNREFUSED');
  });

  it('HandleListener has the address before it listens, and resets connections until then', async () => {
    const { listener, port } = await opened();
    expect(await fateOf(port)).to.equal('ECONNRESET');
    listener.close();
  });

  it('HandleListener refuses what is beyond its backlog while the loop does not run', async () => {
    const { listener, port } = await opened(2);
    listener.listen();
    const fates = [1, 2, 3].map(async () => fateOf(port));
    expect(await Promise.race(fates)).to.equal('ECONNRESET');
    listener.close(); // the two that were waiting
    expect((await Promise.all(fates)).filter((fate) => fate === 'ECONNRESET')).to.have.length(1);
  });

  it('HandleListener tells that it cannot be bound, and knows its options', async () => {
    const { listener, port } = await opened();
    const second = new Promise((_resolve, reject) => {
      new HandleListener(
        new HandleSelector(() => undefined),
        { family: AF_INET, at: { host: '127.0.0.1', port }, backlog: 1 },
        reject,
      );
    });
    expect(await rejection(second)).to.include({
      code: 'EADDRINUSE',
      errno: -98,
      syscall: 'bind',
      address: '127.0.0.1',
      port,
    });
    expect(listener.getsockopt(SOL_SOCKET, SO_REUSEADDR)).to.equal(1);
    expect(await thrownBy(() => listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 0))).to.include({
      code: 'ERR_NO_EPOLL',
    });
    expect(await thrownBy(() => listener.getpeername())).to.include({ code: 'ENOTCONN' });
    listener.close();
  });

  it('a server on a HandleListener leaves it alone for a second when the system is out of descriptors', () =>
    inLoop(async (loop, reports) => {
      const made = sinon.spy(net, 'createServer');
      const served = new Recorder(loop);
      const server = await loop.createServer(() => served, LOCAL);
      const node = made.returnValues[0];
      made.restore();
      // As node:net does it where accept(2) fails.
      node?.emit(
        'error',
        Object.assign(new Error('accept EMFILE'), { code: 'EMFILE', errno: -24, syscall: 'accept' }),
      );
      while (reports.length === 0) await iterations(loop, 1);
      const [report] = reports.splice(0);
      expect(report?.message).to.equal('socket.accept() out of system resource');
      expect(report?.exception).to.include({ code: 'EMFILE', syscall: 'accept' });
      const failed = loop.time();
      const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
      const [client] = await loop.createConnection(() => ({}), { host: '127.0.0.1', port });
      await served.made;
      expect(loop.time() - failed).to.be.within(0.9, 5);
      client.abort();
      await served.lost;
      server.close();
    })).slow(1500);

  it('createServer() with startServing false resets connections before startServing() on handles', () =>
    inLoop(async (loop) => {
      const protocol = new Recorder(loop);
      const server = await loop.createServer(() => protocol, { ...LOCAL, startServing: false });
      expect([server.isServing(), server.sockets?.[0] instanceof TransportSocket]).to.deep.equal([
        false,
        true,
      ]);
      const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
      expect(await fateOf(port)).to.equal('ECONNRESET');
      await server.startServing();
      const [transport] = await loop.createConnection(() => ({}), { host: '127.0.0.1', port });
      await protocol.made;
      transport.close();
      await protocol.lost;
      server.close();
    }));
});
