import { execFile } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setImmediate as immediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import {
  IPPROTO_TCP,
  SelectorEventLoop,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_RCVBUF,
  Socket,
  type SocketAddress,
  SOL_SOCKET,
  TCP_NODELAY,
} from '@ringloop/net';
import { HandleSelector, HandleStream } from '@ringloop/net/internal';
import { openDescriptors } from '../descriptors.js';
import { inLoop as inAnyLoop, type Reports } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { drain, linked } from '../linked.js';
import { Recorder } from '../recorder.js';
import { thrownBy } from '../../rejection.js';

const EAGAIN = 11; // the tests run on Linux
const inLoop = (body: (loop: SelectorEventLoop, reports: Reports) => Promise<void>): Promise<void> =>
  inAnyLoop(body, { net: 'libuv' });
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}.js`, import.meta.url));

/** A stream of which the test holds the other end. */
function paired(): { selector: HandleSelector; stream: HandleStream; peer: Socket } {
  const selector = new HandleSelector(() => undefined);
  const [ours, peer] = Socket.socketpair();
  return { selector, stream: HandleStream.adopted(selector, ours), peer };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await immediate();
}

describe('net/handle-stream', () => {
  it('HandleStream.tryRecvInto() fills what room it is given, then says -EAGAIN, and 0 at the end', async () => {
    const { stream, peer } = paired();
    const room = Buffer.alloc(3);
    expect(stream.tryRecvInto(room)).to.equal(-EAGAIN);
    stream.watched('reader');
    peer.send(Buffer.from('abcde'));
    await until(() => stream.isReady('reader'));
    expect([stream.tryRecvInto(room), room.toString()]).to.deep.equal([3, 'abc']);
    expect(stream.isReady('reader')).to.equal(true);
    expect([stream.tryRecvInto(room), room.toString('utf8', 0, 2)]).to.deep.equal([2, 'de']);
    expect(stream.tryRecvInto(room)).to.equal(-EAGAIN);
    expect(stream.isReady('reader')).to.equal(false);
    peer.close();
    while (stream.tryRecvInto(room) !== 0) await immediate();
    expect([stream.isReady('reader'), stream.tryRecvInto(room)]).to.deep.equal([true, 0]);
    stream.close();
    expect(stream.tryRecvInto(room)).to.equal(-9); // EBADF
  });

  it('HandleStream reads nothing before somebody waits for it, and little before it is taken', async () => {
    const { stream, peer } = paired();
    let sent = 0;
    const fill = (): void => {
      for (let n = peer.trySend(Buffer.alloc(65_536)); n > 0; n = peer.trySend(Buffer.alloc(65_536)))
        sent += n;
    };
    stream.watched('reader');
    for (let turn = 0; turn < 50; turn++) {
      fill();
      await immediate();
    }
    expect(sent).to.be.below(2_000_000); // the system's buffers and Node's
    stream.close();
    peer.close();
  });

  it('HandleStream.trySend() counts what the system has taken, and goes on where it was', async () => {
    const { stream, peer } = paired();
    const data = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => i % 251));
    const received: Buffer[] = [];
    let from = 0;
    let refused = 0;
    while (from < data.length) {
      const taken = stream.trySend(data.subarray(from));
      if (taken >= 0) from += taken;
      else {
        expect(taken).to.equal(-EAGAIN);
        expect(stream.isReady('writer')).to.equal(false);
        refused++;
        while (!stream.isReady('writer')) {
          received.push(drain(peer));
          await immediate();
        }
      }
    }
    received.push(drain(peer));
    expect(refused).to.be.above(0);
    expect(Buffer.concat(received).equals(data)).to.equal(true);
    stream.close();
    peer.close();
  });

  it('HandleStream has the options that Node can set, and refuses others', async () => {
    const { stream, peer } = paired(); // a Unix socket
    stream.setsockopt(SOL_SOCKET, SO_KEEPALIVE, true);
    expect(stream.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).to.equal(1);
    expect(stream.getsockopt(SOL_SOCKET, SO_KEEPALIVE, 4)).to.deep.equal(
      Buffer.from(new Int32Array([1]).buffer),
    );
    for (const refused of [
      () => stream.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1),
      () => stream.setsockopt(SOL_SOCKET, SO_LINGER, Buffer.alloc(8)),
      () => stream.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096),
      () => stream.getsockopt(SOL_SOCKET, SO_RCVBUF),
      () => stream.dup(),
    ]) {
      expect(await thrownBy(refused)).to.include({ name: 'NoEpollError', code: 'ERR_NO_EPOLL' });
    }
    stream.close();
    expect(await thrownBy(() => stream.getsockname())).to.include({ code: 'EBADF' });
    expect(await thrownBy(() => stream.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1))).to.include({
      code: 'EBADF',
    });
    peer.close();
  });

  it('a transport on a HandleStream has no descriptor to tell, and is shown without one', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      expect(transport.getExtraInfo('socket').fileno()).to.equal(-1);
      expect(await thrownBy(() => transport.getExtraInfo('socket').dup())).to.include({
        code: 'ERR_NO_EPOLL',
      });
      expect(inspect(transport)).to.equal('<StreamTransport open reading=on buffered=0>');
      transport.abort();
      await protocol.lost;
      peer.close();
    }));

  it('what happened to many connections is told in one iteration, in the order of callSoon, events and timers', () =>
    inLoop(async (loop) => {
      const log: string[] = [];
      const links = await Promise.all(['a', 'b'].map((name) => linked(loop, { log, name })));
      await iterations(loop, 2);
      log.length = 0;
      for (const { peer } of links) peer.send(Buffer.from('x'));
      // Node's events of both come in one poll; the iteration after it has them all, and its own.
      await Promise.all(links.map(({ protocol }) => protocol.received(1)));
      expect(log).to.deep.equal(['a data x', 'b data x']);
      const turns: number[] = [];
      let turn = 0;
      const count = (): void => {
        turn++;
        if (turn < 1000) loop.callSoon(count);
      };
      for (const { protocol } of links) {
        protocol.dataReceived = () => turns.push(turn);
      }
      for (const { peer } of links) peer.send(Buffer.from('y'));
      loop.callSoon(count);
      while (turns.length < 2) await iterations(loop, 1);
      expect(turns[0]).to.equal(turns[1]);
      turn = 1000;
      for (const { transport, peer } of links) {
        transport.abort();
        peer.close();
      }
    }));

  it('no method of a protocol is called outside of an iteration', () =>
    inLoop(async (loop) => {
      let inside = false;
      const called: [string, boolean][] = [];
      const watched = (name: string) => () => void called.push([name, inside]);
      const { transport, protocol, peer } = await linked(loop);
      Object.assign(protocol, {
        dataReceived: watched('data'),
        eofReceived: watched('eof'),
        connectionLost: watched('lost'),
      });
      // An iteration is one synchronous turn: what it queues first sets the mark, a microtask behind it takes it away.
      const mark = (): void => {
        inside = true;
        queueMicrotask(() => (inside = false));
        if (called.length < 3) loop.callSoon(mark);
      };
      loop.callSoon(mark);
      peer.send(Buffer.from('x'));
      while (called.length < 1) await iterations(loop, 1);
      peer.close();
      while (called.length < 3) await iterations(loop, 1);
      expect(called).to.deep.equal([
        ['data', true],
        ['eof', true],
        ['lost', true],
      ]);
      expect(transport.isClosing()).to.equal(true);
    }));

  it('a loop that does not run is told nothing, and everything when it runs again', async () => {
    const loop = new SelectorEventLoop({ net: 'libuv' });
    const accepted: Recorder[] = [];
    const { protocol, peer, port, server } = await loop.runUntilComplete(async () => {
      const listening = await loop.createServer(
        () => {
          const made = new Recorder(loop);
          accepted.push(made);
          return made;
        },
        { host: '127.0.0.1', port: 0 },
      );
      return {
        ...(await linked(loop)),
        server: listening,
        port: (listening.sockets?.[0]?.getsockname() as SocketAddress).port,
      };
    });
    peer.send(Buffer.from('hello'));
    peer.close();
    const client = net.connect(port, '127.0.0.1');
    await once(client, 'connect');
    for (let turn = 0; turn < 20; turn++) await immediate();
    expect([protocol.log, accepted]).to.deep.equal([['made'], []]);
    await loop.runUntilComplete(async () => {
      await protocol.lost;
      while (accepted.length === 0) await iterations(loop, 1);
      await accepted[0]?.made;
      server.close();
      server.abortClients();
      await server.waitClosed();
    });
    expect(protocol.log).to.deep.equal(['made', 'data hello', 'eof', 'lost null']);
    client.destroy();
    loop.close();
  });

  it('loop.close() closes connections and servers without a word to their protocols', async () => {
    const loop = new SelectorEventLoop({ net: 'libuv' });
    const { protocol, peer, port } = await loop.runUntilComplete(async () => {
      const server = await loop.createServer(() => ({}), { host: '127.0.0.1', port: 0 });
      return {
        ...(await linked(loop)),
        port: (server.sockets?.[0]?.getsockname() as SocketAddress).port,
      };
    });
    loop.close();
    expect(peer.recv(1)).to.have.length(0);
    peer.close();
    expect(await new Promise((resolve) => net.connect(port, '127.0.0.1').on('error', resolve))).to.include({
      code: 'ECONNREFUSED',
    });
    expect(protocol.log).to.deep.equal(['made']);
  });

  it('a process ends although handles of a loop that does not run are open', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [fixture('open-handles')], {
      timeout: 20_000,
    });
    expect(stdout).to.equal('ran\n');
  }).slow(2000);

  it('a worker that is ended leaves no descriptor, and its peers see the end', async () => {
    const before = openDescriptors().size;
    const worker = new Worker(fixture('../echo-worker'), { env: { ...process.env, RINGLOOP_NET: 'libuv' } });
    const [port] = (await once(worker, 'message')) as [number];
    const clients = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = net.connect(port, '127.0.0.1');
        client.write('hello');
        await once(client, 'data');
        return client;
      }),
    );
    const ended = clients.map((client) => once(client, 'close'));
    for (const client of clients) client.on('error', () => undefined); // a reset is an end as well
    await worker.terminate();
    await Promise.all(ended);
    await until(() => openDescriptors().size <= before);
  }).slow(2000);
});
