import { constants } from 'node:os';
import { type Future } from '@ringloop/core';
import {
  AF_UNIX,
  type AddressInput,
  type DatagramProtocol,
  type DatagramTransport,
  type SelectorEventLoop,
  SO_SNDBUF,
  SOCK_DGRAM,
  Socket,
  type SocketAddress,
  SOL_SOCKET,
} from '@ringloop/net';
import { NET } from '@ringloop/net/internal';
import { expect } from 'chai';
import sinon from 'sinon';
import { describeWithEpoll } from '../backend.js';
import { SystemCalls } from '../faults/system-calls.js';
import { thrownBy } from '../../rejection.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';

/** Writes down what happens. */
class Recorder implements DatagramProtocol {
  readonly events: string[] = [];
  readonly addresses: (SocketAddress | string)[] = [];
  readonly lost: Future<Error | null>;

  constructor(loop: SelectorEventLoop) {
    this.lost = loop.createFuture<Error | null>();
  }

  datagramReceived(data: Buffer, address: SocketAddress | string): void {
    this.events.push(data.toString());
    this.addresses.push(address);
  }

  errorReceived(error: Error & { code?: string; syscall?: string }): void {
    this.events.push(`${error.syscall ?? ''} ${error.code ?? ''}`);
  }

  pauseWriting(): void {
    this.events.push('pause');
  }

  resumeWriting(): void {
    this.events.push('resume');
  }

  connectionLost(exc: Error | null): void {
    this.events.push('lost');
    this.lost.setResult(exc);
  }
}

/** A transport of which the test holds the other end. */
async function linked(
  loop: SelectorEventLoop,
): Promise<{ transport: DatagramTransport; protocol: Recorder; peer: Socket }> {
  const [sock, peer] = Socket.socketpair(AF_UNIX, SOCK_DGRAM);
  sock.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
  const [transport, protocol] = await loop.createDatagramEndpoint(() => new Recorder(loop), { sock });
  return { transport, protocol, peer };
}

async function bound(
  loop: SelectorEventLoop,
  options: { remoteAddr?: AddressInput } = {},
): Promise<{ transport: DatagramTransport; protocol: Recorder; to: { host: string; port: number } }> {
  const [transport, protocol] = await loop.createDatagramEndpoint(() => new Recorder(loop), {
    localAddr: { host: '127.0.0.1', port: 0 },
    ...options,
  });
  const name = transport.getExtraInfo('sockname') as SocketAddress; // an IP socket's
  return { transport, protocol, to: { host: name.address, port: name.port } };
}

async function until(loop: SelectorEventLoop, isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await iterations(loop, 1);
}

/** Sends until the system takes no more, and returns the numbers that were sent. */
function fill(transport: DatagramTransport): number {
  let sent = 0;
  while (transport.getWriteBufferSize() === 0) transport.sendto(Buffer.from(String(sent++)));
  return sent;
}

describeWithEpoll('its peers are Unix sockets of datagrams', 'net/datagram-endpoint', () => {
  it('DatagramTransport gives at most 64 datagrams in an iteration, in order', () =>
    inLoop(async (loop) => {
      const a = await bound(loop);
      const b = await bound(loop);
      await iterations(loop, 2);
      for (let i = 0; i < 150; i++) b.transport.sendto(Buffer.from(String(i)), a.to);
      const done = loop.createFuture<undefined>();
      let most = 0;
      const eachIteration = (before: number): void => {
        const now = a.protocol.events.length;
        most = Math.max(most, now - before);
        if (now === 150) done.setResult(undefined);
        else loop.callSoon(eachIteration, now);
      };
      loop.callSoon(eachIteration, 0);
      await done;
      expect(most).to.equal(64);
      expect(a.protocol.events).to.deep.equal(Array.from({ length: 150 }, (_, i) => String(i)));
      a.transport.abort();
      b.transport.abort();
    }));

  it('DatagramTransport gives each datagram memory of its own, and one address object for each sender', () =>
    inLoop(async (loop) => {
      const a = await bound(loop);
      const b = await bound(loop);
      const chunks: Buffer[] = [];
      const addresses = new Set<unknown>();
      a.transport.setProtocol({
        datagramReceived: (data, address) => {
          chunks.push(data);
          addresses.add(address);
        },
      });
      for (const text of ['first', 'SECOND', '', 'x'.repeat(10_000)]) {
        b.transport.sendto(Buffer.from(text), a.to);
      }
      await until(loop, () => chunks.length === 4);
      expect(chunks.map((chunk) => chunk.toString().slice(0, 10))).to.deep.equal([
        'first',
        'SECOND',
        '',
        'xxxxxxxxxx',
      ]);
      expect([...addresses]).to.deep.equal([b.transport.getExtraInfo('sockname')]);
      a.transport.abort();
      b.transport.abort();
    }));

  // uvloop test_udp: socketpair
  it('DatagramTransport loses nothing of large datagrams between Unix sockets, whatever came before', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      peer.setsockopt(SOL_SOCKET, SO_SNDBUF, 150_000); // and the kernel doubles it
      const sizes = [60_000, 60_000, 60_000, 140_000, 10, 140_000];
      for (const [at, size] of sizes.entries()) {
        expect(peer.send(Buffer.alloc(size, String(at)))).to.equal(size);
        await until(loop, () => protocol.events.length === at + 1);
      }
      expect(protocol.events).to.deep.equal(sizes.map((size, at) => String(at).repeat(size)));
      transport.abort();
      peer.close();
    }));

  it('DatagramTransport over one of two connected sockets sends without an address', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      transport.sendto(Buffer.from('out'));
      transport.sendto(Buffer.from(''), null);
      const room = Buffer.alloc(10);
      expect([peer.recvInto(room), peer.recvInto(room)]).to.deep.equal([3, 0]);
      peer.send(Buffer.from('in'));
      await until(loop, () => protocol.events.length === 1);
      expect([protocol.events, protocol.addresses]).to.deep.equal([['in'], ['']]);
      transport.close();
      expect(await protocol.lost).to.equal(null);
      peer.close();
    }));

  for (const way of ['abort', 'close'] as const) {
    it(`DatagramTransport.${way}() in datagramReceived() is the last of it`, () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop);
        const receive = sinon.stub(protocol, 'datagramReceived').callsFake(() => transport[way]());
        for (let i = 0; i < 3; i++) peer.send(Buffer.from('x'));
        await protocol.lost;
        await iterations(loop, 3);
        expect(receive.callCount).to.equal(1);
        expect(loop[NET].selector.watching).to.equal(false);
        peer.close();
      }));
  }

  it('DatagramTransport.setProtocol() in datagramReceived() is for the next datagram', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      const other = new Recorder(loop);
      sinon.stub(protocol, 'datagramReceived').callsFake(() => transport.setProtocol(other));
      for (const text of ['a', 'b', 'c']) peer.send(Buffer.from(text));
      await until(loop, () => other.events.length === 2);
      expect(other.events).to.deep.equal(['b', 'c']);
      expect(transport.getProtocol()).to.equal(other);
      for (const wrong of [null, 'text']) {
        expect(await thrownBy(() => transport.setProtocol(wrong as never))).to.be.instanceOf(TypeError);
      }
      expect(transport.getProtocol()).to.equal(other);
      transport.abort();
      peer.close();
    }));

  // test_selector_events.SelectorDatagramTransportTests: test_sendto_buffer, test_sendto_ready
  it('DatagramTransport sends what waits in order, pausing once and resuming once, and abort() drops it', () =>
    inLoop(async (loop) => {
      for (const way of ['drained', 'abort'] as const) {
        const { transport, protocol, peer } = await linked(loop);
        transport.setWriteBufferLimits({ high: 100, low: 0 });
        let sent = fill(transport);
        for (let i = 0; i < 50; i++) transport.sendto(Buffer.from(String(sent++)));
        expect(protocol.events).to.deep.equal(['pause']);
        const room = Buffer.alloc(100);
        const received: string[] = [];
        const receive = (): void => {
          for (let n = peer.tryRecvInto(room); n > 0; n = peer.tryRecvInto(room)) {
            received.push(room.toString('utf8', 0, n));
          }
        };
        if (way === 'abort') transport.abort();
        expect(transport.getWriteBufferSize() === 0).to.equal(way === 'abort');
        if (way === 'abort') receive();
        else {
          await until(loop, () => {
            receive();
            return transport.getWriteBufferSize() === 0;
          });
          receive();
          expect(received).to.have.length(sent);
          expect(protocol.events).to.deep.equal(['pause', 'resume']);
          transport.close();
        }
        expect(received).to.deep.equal(received.map((_, i) => String(i)));
        expect(await protocol.lost).to.equal(null);
        expect(loop[NET].selector.watching).to.equal(false);
        peer.close();
      }
    }));

  it('DatagramTransport tells errorReceived() of each waiting datagram that is refused, and sends the others', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      fill(transport);
      transport.sendto(Buffer.from('waits, too'));
      peer.close(); // the other end of what waits is gone
      await until(loop, () => protocol.events.length >= 2);
      expect(protocol.events).to.deep.equal(['send ECONNREFUSED', 'send ENOTCONN']); // as Linux says of the first, and then
      expect([transport.isClosing(), transport.getWriteBufferSize()]).to.deep.equal([false, 0]);
      transport.sendto(Buffer.from('again'));
      expect(protocol.events).to.have.length(3);
      transport.close();
      expect(await protocol.lost).to.equal(null);
    }));

  it('DatagramTransport tells errorReceived() of what receiving fails with, and receives on', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      using calls = new SystemCalls({ call: 'recvfrom', nth: 0, how: constants.errno.ENOMEM });
      for (const text of ['a', '', 'b']) peer.send(Buffer.from(text));
      await until(loop, () => protocol.events.length === 4);
      expect(protocol.events).to.deep.equal(['recvfrom ENOMEM', 'a', '', 'b']);
      expect([calls.delivered, transport.isClosing()]).to.deep.equal([true, false]);
      transport.abort();
      peer.close();
    }));

  it('DatagramTransport.sendto() of what is too long tells errorReceived() at once, and goes on', () =>
    inLoop(async (loop) => {
      const a = await bound(loop);
      a.transport.sendto(Buffer.alloc(100_000), a.to);
      expect(a.protocol.events).to.deep.equal(['send EMSGSIZE']);
      a.transport.sendto(Buffer.from('fits'), a.to);
      await until(loop, () => a.protocol.events.length === 2);
      expect(a.protocol.events).to.deep.equal(['send EMSGSIZE', 'fits']);
      a.transport.abort();
    }));

  it('DatagramTransport ignores what comes too late, with a warning for each from the fifth on', () =>
    inLoop(async (loop) => {
      const warn = sinon.stub(console, 'warn');
      try {
        const { transport, protocol, peer } = await linked(loop);
        transport.close();
        for (let i = 0; i < 8; i++) transport.sendto(Buffer.from('x'));
        expect(warn.args).to.deep.equal(new Array(4).fill(['socket.send() raised exception.']));
        await protocol.lost;
        expect(peer.tryRecvInto(Buffer.alloc(10))).to.equal(-11);
        peer.close();
      } finally {
        warn.restore();
      }
    }));

  it('DatagramTransport with a remote address takes that one in any spelling, and no other', () =>
    inLoop(async (loop) => {
      const [server, received] = await loop.createDatagramEndpoint(() => new Recorder(loop), {
        localAddr: { host: '::1', port: 0 },
      });
      const { port } = server.getExtraInfo('sockname') as SocketAddress; // an IP socket's
      for (const allowBroadcast of [false, true]) {
        const [client, protocol] = await loop.createDatagramEndpoint(() => new Recorder(loop), {
          remoteAddr: { host: '::1', port },
          allowBroadcast,
        });
        for (const host of ['::1', '0:0:0:0:0:0:0:1']) client.sendto(Buffer.from('x'), { host, port });
        client.sendto(Buffer.from('x'));
        for (const other of [
          { host: '::2', port },
          { host: '::1', port: port === 1 ? 2 : 1 },
        ]) {
          const error = await thrownBy(() => client.sendto(Buffer.from('x'), other));
          expect(error).to.be.instanceOf(TypeError).with.property('code', 'ERR_INVALID_ARG_VALUE');
          expect(error.message).to.match(/^Invalid address: must be null or /);
        }
        client.abort();
        await protocol.lost;
      }
      await until(loop, () => received.events.length === 6);
      server.abort();
    }));

  it('DatagramTransport reports what promises of its protocol reject with, and goes on', () =>
    inLoop(async (loop, reports) => {
      const { transport, protocol, peer } = await linked(loop);
      const late = (): never => Promise.reject(new Error('late')) as never;
      sinon.stub(protocol, 'datagramReceived').callsFake(late);
      sinon.stub(protocol, 'errorReceived').callsFake(late);
      peer.send(Buffer.from('x'));
      await until(loop, () => reports.length === 1);
      peer.close();
      transport.sendto(Buffer.from('x'));
      await until(loop, () => reports.length === 2);
      expect(reports.splice(0).map(({ message }) => message)).to.deep.equal([
        'protocol.datagram_received() failed',
        'protocol.error_received() failed',
      ]);
      expect(transport.isClosing()).to.equal(false);
      transport.abort();
    }));
});
