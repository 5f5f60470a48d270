import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import net from 'node:net';
import { setImmediate as immediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { SelectorEventLoop, Socket, type SocketAddress } from '@ringloop/net';
import { epollRegistrations, openDescriptors } from './descriptors.js';
import { inLoop } from './in-loop.js';
import { iterations } from './iterations.js';
import { linked } from './linked.js';
import { thrownBy } from '../rejection.js';

/** A callback that does not matter. */
const ignore = (): null => null;

describe('net/selector-event-loop', () => {
  // test_events.EventLoopTestsMixin.test_reader_callback
  it('SelectorEventLoop.addReader() calls back while there is something to read, the end of the stream included', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const read: string[] = [];
      const ended = loop.createFuture<undefined>();
      loop.addReader(a, () => {
        const data = a.recv(3);
        read.push(data.toString());
        if (data.length > 0) return;
        expect(loop.removeReader(a)).to.equal(true);
        a.close();
        ended.setResult(undefined);
      });
      loop.callSoon(() => b.send(Buffer.from('abc')));
      loop.callSoon(() => b.send(Buffer.from('def')));
      loop.callSoon(() => b.close());
      await ended;
      expect(read).to.deep.equal(['abc', 'def', '']);
    }));

  // test_events.EventLoopTestsMixin.test_writer_callback
  it('SelectorEventLoop.addWriter() calls back until removeWriter(), which returns whether there was a writer', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const written = loop.createFuture<undefined>();
      loop.addWriter(
        a.fileno(),
        (sock, text) => {
          sock.send(Buffer.from(text));
          expect(loop.removeWriter(sock)).to.equal(true);
          expect(loop.removeWriter(sock)).to.equal(false);
          written.setResult(undefined);
        },
        a,
        'hello',
      );
      await written;
      expect(b.recv(10).toString()).to.equal('hello');
      a.close();
      b.close();
    }));

  it('SelectorEventLoop.addReader() is level-triggered: once an iteration, as long as nobody reads', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      b.send(Buffer.from('x'));
      let calls = 0;
      loop.addReader(a, () => calls++);
      await iterations(loop, 10);
      loop.removeReader(a);
      expect(calls).to.be.within(10, 12); // the future that ends the count takes an iteration, too
      a.close();
      b.close();
    }));

  it('SelectorEventLoop.addReader() replaces the reader, even one that is queued in this iteration', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const [c, d] = Socket.socketpair();
      const ran: string[] = [];
      // Both are ready in the same batch: whoever runs first replaces or removes the other one.
      loop.addReader(a, () => {
        ran.push('a');
        loop.removeReader(a);
        loop.addReader(c, () => ran.push('c, new'));
      });
      loop.addReader(c, () => {
        ran.push('c');
        loop.removeReader(c);
        loop.addReader(a, () => ran.push('a, new'));
      });
      b.send(Buffer.from('x'));
      d.send(Buffer.from('x'));
      await iterations(loop, 1);
      loop.callSoon(() => {
        loop.removeReader(a);
        loop.removeReader(c);
      });
      await iterations(loop, 3);
      expect(ran.filter((name) => name === 'a' || name === 'c')).to.have.length(1);
      for (const sock of [a, b, c, d]) sock.close();
    }));

  it('SelectorEventLoop.removeReader() takes back a call that is queued', () =>
    inLoop(async (loop) => {
      const pairs = [Socket.socketpair(), Socket.socketpair()];
      const ran: number[] = [];
      pairs.forEach(([a, b], i) => {
        loop.addReader(a, () => {
          ran.push(i);
          for (const [other] of pairs) loop.removeReader(other);
        });
        b.send(Buffer.from('x'));
      });
      await iterations(loop, 4);
      expect(ran).to.have.length(1);
      pairs.flat().forEach((sock) => sock.close());
    }));

  it('SelectorEventLoop keeps reader and writer of a descriptor apart', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const ran: string[] = [];
      loop.addReader(a, () => ran.push('read'));
      loop.addWriter(a, () => ran.push('write'));
      await iterations(loop, 2);
      expect(loop.removeWriter(a)).to.equal(true);
      expect(new Set(ran)).to.deep.equal(new Set(['write']));
      b.send(Buffer.from('x'));
      await iterations(loop, 2);
      expect(loop.removeReader(a)).to.equal(true);
      expect(ran).to.include('read');
      a.close();
      b.close();
    }));

  // test_unix_events.SelectorEventLoopUnixSocketTests.test_add_reader_invalid_argument
  it('SelectorEventLoop.addReader() and its kin refuse what is no descriptor', async () => {
    const loop = new SelectorEventLoop();
    const nothing = {} as { fileno(): number };
    for (const refused of [
      () => loop.addReader(nothing, ignore),
      () => loop.addWriter(nothing, ignore),
      () => loop.removeReader(nothing),
      () => loop.removeWriter(nothing),
    ]) {
      const error = await thrownBy(refused);
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message).to.match(/^Invalid file object: /);
    }
    expect(await thrownBy(() => loop.addReader(-1, ignore))).to.be.instanceOf(RangeError);
    expect(await thrownBy(() => loop.addReader(new Socket().detach() && 1.5, ignore))).to.be.instanceOf(
      RangeError,
    );
    loop.close();
  });

  it('SelectorEventLoop.addReader() throws what the system says: EPERM for a regular file, EBADF for a closed number', async () => {
    const loop = new SelectorEventLoop();
    const file = openSync('/proc/self/exe', 'r');
    expect(await thrownBy(() => loop.addReader(file, ignore))).to.include({
      code: 'EPERM',
      syscall: 'epoll_ctl',
    });
    expect(loop.removeReader(file)).to.equal(false);
    closeSync(file);
    expect(await thrownBy(() => loop.addReader(file, ignore))).to.include({ code: 'EBADF' });
    loop.close();
  });

  // test_events.EventLoopTestsMixin.test_add_fds_after_closing and test_remove_fds_after_closing
  it('SelectorEventLoop, once closed, takes no readers, and has none to remove', async () => {
    const loop = new SelectorEventLoop();
    const [a, b] = Socket.socketpair();
    loop.addReader(a, ignore);
    loop.close();
    expect(loop.removeReader(a)).to.equal(false);
    expect(loop.removeWriter(a)).to.equal(false);
    expect(await thrownBy(() => loop.addReader(a, ignore))).to.include({ code: 'ERR_LOOP_CLOSED' });
    expect(await thrownBy(() => loop.addWriter(a, ignore))).to.include({ code: 'ERR_LOOP_CLOSED' });
    a.close();
    b.close();
  });

  // uvloop test_tcp: get_extra_info
  it('SelectorEventLoop refuses to watch or unwatch a descriptor that a transport owns', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      const sock = transport.getExtraInfo('socket');
      for (const refused of [
        () => loop.addReader(sock, ignore),
        () => loop.addWriter(sock, ignore),
        () => loop.removeReader(sock),
        () => loop.removeWriter(sock.fileno()),
      ]) {
        const error = await thrownBy(refused);
        expect(error).to.include({ name: 'TransportStateError', code: 'ERR_FD_IN_TRANSPORT' });
        expect(error.message).to.match(/^File descriptor \d+ is used by transport <StreamTransport /);
      }
      transport.abort();
      await protocol.lost;
      peer.close();
    }));

  it('SelectorEventLoop survives a descriptor that was closed before it was removed', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const number = a.fileno();
      loop.addReader(a, ignore);
      loop.addWriter(a, ignore);
      a.close();
      expect(loop.removeReader(number)).to.equal(true);
      // The number is given out again while the loop still believes in its writer.
      const [c, d] = Socket.socketpair();
      expect(c.fileno()).to.equal(number);
      const readable = loop.createFuture<undefined>();
      loop.addReader(c, () => readable.done() || readable.setResult(undefined));
      d.send(Buffer.from('x'));
      await readable;
      loop.removeReader(c);
      loop.removeWriter(c);
      for (const sock of [b, c, d]) sock.close();
    }));

  it('SelectorEventLoop wakes from its sleep for an event, at once', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const readable = loop.createFuture<number>();
      loop.addReader(a, () => {
        loop.removeReader(a);
        readable.setResult(loop.time());
      });
      const timer = loop.callLater(60, ignore);
      await immediate();
      await immediate(); // by now the loop sleeps
      const sent = loop.time();
      b.send(Buffer.from('x'));
      expect((await readable) - sent).to.be.below(0.2);
      timer.cancel();
      a.close();
      b.close();
    }));

  it('SelectorEventLoop runs promise reactions right after the event that settled them', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const rounds = loop.createFuture<undefined>();
      let count = 0;
      // Nothing but events and promises: neither timers nor immediates of others drive this.
      loop.addReader(a, () => {
        a.recv(1);
        void Promise.resolve().then(() => {
          if (++count === 100) rounds.setResult(undefined);
          else b.send(Buffer.from('x'));
        });
      });
      b.send(Buffer.from('x'));
      await rounds;
      loop.removeReader(a);
      a.close();
      b.close();
    }));

  it('SelectorEventLoop polls only while it runs, also in a second run', async () => {
    const loop = new SelectorEventLoop();
    const [a, b] = Socket.socketpair();
    let calls = 0;
    loop.addReader(a, () => {
      calls++;
      a.recv(10);
      loop.stop();
    });
    b.send(Buffer.from('x'));
    await loop.runForever();
    expect(calls).to.equal(1);
    b.send(Buffer.from('y'));
    const before = performance.eventLoopUtilization();
    await new Promise((resolve) => setTimeout(resolve, 50)); // real time: an idle loop must not use any
    const { utilization } = performance.eventLoopUtilization(before);
    expect(calls).to.equal(1);
    expect(utilization).to.be.below(0.5);
    await loop.runForever();
    expect(calls).to.equal(2);
    loop.close();
    a.close();
    b.close();
  });

  it('SelectorEventLoop.close() gives back all descriptors, those of open transports and servers included', async () => {
    const before = openDescriptors();
    const loop = new SelectorEventLoop();
    let peer: Socket | undefined;
    await loop.runUntilComplete(async () => {
      ({ peer } = await linked(loop));
      await loop.createServer(() => ({}), { host: '127.0.0.1', port: 0 });
    });
    loop.close();
    loop.close();
    expect(peer?.recv(1)).to.have.length(0);
    peer?.close();
    await immediate(); // libuv closes its side in the next turn
    expect([...openDescriptors().keys()].filter((fd) => !before.has(fd))).to.deep.equal([]);
  });

  it('SelectorEventLoop runs in a worker thread, and a worker may be ended while its loop sleeps', async () => {
    const workers = Array.from({ length: 2 }, () => new Worker(new URL('./echo-worker.js', import.meta.url)));
    const ports = await Promise.all(
      workers.map(async (worker) => ((await once(worker, 'message')) as [number])[0]),
    );
    for (const port of ports) {
      const client = net.connect(port, '127.0.0.1');
      client.write('hello');
      const [echo] = (await once(client, 'data')) as [Buffer];
      expect(echo.toString()).to.equal('hello');
      client.destroy();
    }
    expect(await workers[0]!.terminate()).to.equal(1);
    workers[1]?.postMessage('stop'); // the orderly way
    await once(workers[1]!, 'exit');
  });

  it('SelectorEventLoop registers a descriptor only while somebody waits for it', () =>
    inLoop(async (loop) => {
      const epolls = [...openDescriptors()]
        .filter(([, what]) => what.includes('eventpoll'))
        .map(([fd]) => fd);
      const count = (): number => epolls.reduce((sum, fd) => sum + epollRegistrations(fd), 0);
      const before = count();
      const { transport, protocol, peer } = await linked(loop);
      const reading = count();
      transport.pauseReading();
      const paused = count();
      transport.abort();
      await protocol.lost;
      peer.close();
      expect([reading - before, paused - before, count() - before]).to.deep.equal([1, 0, 0]);
    }));

  it('SelectorEventLoop.addReader() and its kin refuse numbers that would wrap, and watch nothing', async () => {
    const loop = new SelectorEventLoop();
    for (const fd of [2 ** 31, 2 ** 32 + 3, NaN, 0.5, Infinity]) {
      for (const refused of [
        () => loop.addReader(fd, ignore),
        () => loop.addWriter({ fileno: () => fd }, ignore),
        () => loop.removeReader(fd),
        () => loop.removeWriter(fd),
      ]) {
        const error = await thrownBy(refused);
        expect(error).to.be.instanceOf(RangeError);
        expect(error).to.include({ code: 'ERR_OUT_OF_RANGE' });
      }
    }
    expect(loop.watchesDescriptors()).to.equal(false);
    loop.close();
  });

  // asyncio keeps silent for ever here; so did we.
  it('SelectorEventLoop serves a descriptor whose number was closed without removeReader()', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      loop.addReader(a, ignore);
      const number = a.fileno();
      a.close();
      const made = loop.createFuture<undefined>();
      const server = await loop.createServer(() => ({ connectionMade: () => made.setResult(undefined) }), {
        host: '127.0.0.1',
        port: 0,
      });
      expect(server.sockets?.[0]?.fileno()).to.equal(number);
      const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
      const [transport] = await loop.createConnection(() => ({}), { host: '127.0.0.1', port });
      await made;
      transport.abort();
      server.close();
      server.abortClients();
      b.close();
    }));
});
