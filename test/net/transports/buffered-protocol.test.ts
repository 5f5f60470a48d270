import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { type Future } from '@ringloop/core';
import {
  type BufferedProtocol,
  type DetachedConnection,
  type Protocol,
  type SelectorEventLoop,
  SHUT_WR,
  Socket,
  type SocketAddress,
  type StreamProtocol,
  type StreamTransport,
  type Transport,
} from '@ringloop/net';
import { expect } from 'chai';
import sinon from 'sinon';
import { itWithEpoll } from '../backend.js';
import { rejection, thrownBy } from '../../rejection.js';
import { inLoop, type Reports } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { drain } from '../linked.js';

/** Receives into one small buffer, and writes down what happens. */
class Buffered implements BufferedProtocol {
  readonly log: string[] = [];
  readonly lost: Future<Error | null>;
  readonly room: Uint8Array;
  transport: Transport | null = null;
  text = '';
  keepOpen = false;

  constructor(loop: SelectorEventLoop, room: Uint8Array = Buffer.alloc(5)) {
    this.lost = loop.createFuture<Error | null>();
    this.room = room;
  }

  connectionMade(transport: Transport): void {
    this.transport = transport;
    this.log.push('made');
  }

  getBuffer(sizeHint: number): Uint8Array {
    this.log.push(`get ${sizeHint}`);
    return this.room;
  }

  bufferUpdated(count: number): void {
    this.text += Buffer.from(this.room.subarray(0, count)).toString();
    this.log.push(`updated ${count}`);
  }

  eofReceived(): boolean {
    this.log.push('eof');
    return this.keepOpen;
  }

  connectionLost(exc: Error | null): void {
    this.log.push(`lost ${exc === null ? 'null' : exc.message}`);
    this.lost.setResult(exc);
  }
}

async function linkedTo<P extends StreamProtocol>(
  loop: SelectorEventLoop,
  protocol: P,
): Promise<{ transport: StreamTransport; peer: Socket }> {
  const [ours, peer] = Socket.socketpair();
  const [transport] = await loop.connectAcceptedSocket(() => protocol, ours);
  return { transport, peer };
}

function takeReport(reports: Reports): { message: string | undefined; exception: Error | undefined } {
  expect(reports).to.have.length(1);
  const [report = {}] = reports.splice(0);
  expect(Object.keys(report).sort()).to.deep.equal(['exception', 'message', 'protocol', 'transport']);
  return { message: report.message, exception: report.exception };
}

describe('net: BufferedProtocol', () => {
  // The order is what CPython 3.13 prints for the same program.
  it('BufferedProtocol is asked for its buffer before each read, and then told how much came in', () =>
    inLoop(async (loop) => {
      const protocol = new Buffered(loop);
      const { peer } = await linkedTo(loop, protocol);
      peer.send(Buffer.from('hello wor'));
      peer.close();
      expect(await protocol.lost).to.equal(null);
      expect(protocol.log).to.deep.equal([
        'made',
        'get -1',
        'updated 5',
        'get -1',
        'updated 4',
        'get -1',
        'eof',
        'lost null',
      ]);
      expect(protocol.text).to.equal('hello wor');
    }));

  // uvloop test_tcp: create_server_buffered_1
  it('BufferedProtocol receives 123,123 bytes through a few at a time, and the end of the stream once', () =>
    inLoop(async (loop) => {
      const lost: Promise<Error | null>[] = [];
      const servers: Buffered[] = [];
      const server = await loop.createServer(
        () => {
          const protocol = new Buffered(loop, new Uint8Array(97));
          servers.push(protocol);
          lost.push(Promise.resolve(protocol.lost));
          return protocol;
        },
        { host: '127.0.0.1', port: 0 },
      );
      const { address: host, port } = server.sockets?.[0]?.getsockname() as SocketAddress; // an IP socket's
      const [client, protocol] = await loop.createConnection(() => new Buffered(loop), { host, port });
      client.write(Buffer.from('0123456789'.repeat(12_313).slice(0, 123_123)));
      client.writeEof();
      await protocol.lost;
      expect(await Promise.all(lost)).to.deep.equal([null]);
      expect(servers[0]?.text).to.equal('0123456789'.repeat(12_313).slice(0, 123_123));
      expect(servers[0]?.log.filter((entry) => entry === 'eof')).to.have.length(1);
      server.close();
    }));

  it('BufferedProtocol is received into, and nothing is allocated or copied for it', () =>
    inLoop(async (loop) => {
      const memory = new ArrayBuffer(64);
      const protocol = new Buffered(loop, new Uint8Array(memory, 16, 8)); // a part of larger memory
      const { transport, peer } = await linkedTo(loop, protocol);
      const allocate = sinon.spy(Buffer, 'allocUnsafe');
      try {
        peer.send(Buffer.from('ABCDEFGHIJ'));
        while (protocol.text.length < 10) await iterations(loop, 1);
        expect(allocate.called).to.equal(false);
      } finally {
        allocate.restore();
      }
      expect(Buffer.from(memory).toString('latin1')).to.equal(`${'\0'.repeat(16)}IJCDEFGH${'\0'.repeat(40)}`);
      transport.abort();
      peer.close();
    }));

  it('BufferedProtocol: eofReceived() returning true keeps the other direction open', () =>
    inLoop(async (loop) => {
      const protocol = new Buffered(loop);
      protocol.keepOpen = true;
      const { transport, peer } = await linkedTo(loop, protocol);
      peer.shutdown(SHUT_WR);
      while (!protocol.log.includes('eof')) await iterations(loop, 1);
      await iterations(loop, 3);
      transport.write(Buffer.from('still'));
      expect(drain(peer).toString()).to.equal('still');
      transport.close();
      await protocol.lost;
      expect(protocol.log).to.deep.equal(['made', 'get -1', 'eof', 'lost null']);
      peer.close();
    }));

  describe('what a BufferedProtocol does wrong', () => {
    // uvloop test_tcp: create_server_buffered_2; test_selector_events: test_read_ready__get_buffer_…
    const failures: [string, (protocol: Buffered) => void, string, object][] = [
      [
        'getBuffer() throws',
        (protocol) => {
          protocol.getBuffer = () => {
            throw new Error('no buffer');
          };
        },
        'get_buffer',
        { message: 'no buffer' },
      ],
      [
        'getBuffer() gives an empty buffer',
        (protocol) => {
          protocol.getBuffer = () => new Uint8Array();
        },
        'get_buffer',
        { message: 'get_buffer() returned an empty buffer', code: 'ERR_INVALID_RETURN_VALUE' },
      ],
      [
        'getBuffer() gives memory that was transferred',
        (protocol) => {
          const gone = new Uint8Array(8);
          structuredClone(gone, { transfer: [gone.buffer] });
          protocol.getBuffer = () => gone;
        },
        'get_buffer',
        { message: 'get_buffer() returned an empty buffer', code: 'ERR_INVALID_RETURN_VALUE' },
      ],
      [
        'getBuffer() gives nothing',
        (protocol) => {
          protocol.getBuffer = (() => undefined) as never;
        },
        'get_buffer',
        { message: 'get_buffer() must return a Uint8Array, got undefined', code: 'ERR_INVALID_RETURN_VALUE' },
      ],
      [
        'getBuffer() gives an ArrayBuffer',
        (protocol) => {
          protocol.getBuffer = (() => new ArrayBuffer(8)) as never;
        },
        'get_buffer',
        { name: 'TypeError', code: 'ERR_INVALID_RETURN_VALUE' },
      ],
      [
        'bufferUpdated() throws',
        (protocol) => {
          protocol.bufferUpdated = () => {
            throw new Error('not good');
          };
        },
        'buffer_updated',
        { message: 'not good' },
      ],
      [
        "bufferUpdated()'s promise rejects",
        (protocol) => {
          protocol.bufferUpdated = () => Promise.reject(new Error('late')) as never;
        },
        'buffer_updated',
        { message: 'late' },
      ],
      [
        'eofReceived() throws',
        (protocol) => {
          protocol.eofReceived = () => {
            throw new Error('no end');
          };
        },
        'eof_received',
        { message: 'no end' },
      ],
    ];
    for (const [what, break_, method, expected] of failures) {
      it(`${what}: reported, and the connection is lost for it`, () =>
        inLoop(async (loop, reports) => {
          const protocol = new Buffered(loop);
          break_(protocol);
          const { transport, peer } = await linkedTo(loop, protocol);
          peer.send(Buffer.from('x'));
          if (method === 'eof_received') peer.shutdown(SHUT_WR);
          const exc = await protocol.lost;
          expect(exc).to.include(expected);
          await iterations(loop, 2);
          const report = takeReport(reports);
          expect(report.message).to.equal(`Fatal error: protocol.${method}() call failed.`);
          expect(report.exception).to.equal(exc);
          expect(transport.getExtraInfo('socket').fileno()).to.equal(-1);
          peer.close();
        }));
    }

    it('getBuffer() gives a promise that rejects: both are reported', () =>
      inLoop(async (loop, reports) => {
        const protocol = new Buffered(loop);
        protocol.getBuffer = (() => Promise.reject(new Error('late'))) as never;
        const { peer } = await linkedTo(loop, protocol);
        peer.send(Buffer.from('x'));
        expect((await protocol.lost)?.message).to.match(
          /^get_buffer\(\) must return a Uint8Array, got Promise/,
        );
        await iterations(loop, 2);
        expect(reports.splice(0).map(({ exception }) => exception?.message)).to.have.members([
          (await protocol.lost)?.message,
          'late',
        ]);
        peer.close();
      }));
  });

  for (const [what, act, resumes] of [
    ['pauseReading()', (transport: Transport) => transport.pauseReading(), true],
    ['abort()', (transport: Transport) => transport.abort(), false],
  ] as const) {
    itWithEpoll(
      'what Node has read ahead is not in the system any more',
      `${what} in getBuffer() holds from there on: nothing is read into the buffer`,
      () =>
        inLoop(async (loop) => {
          const protocol = new Buffered(loop);
          let calls = 0;
          protocol.getBuffer = () => {
            if (calls++ === 0 && protocol.transport !== null) act(protocol.transport);
            return protocol.room;
          };
          const { transport, peer } = await linkedTo(loop, protocol);
          peer.send(Buffer.from('held'));
          await iterations(loop, 4);
          expect([calls, protocol.text]).to.deep.equal([1, '']);
          if (resumes) {
            transport.resumeReading();
            while (protocol.text.length < 4) await iterations(loop, 1);
            expect(protocol.text).to.equal('held');
            transport.abort();
          }
          expect(await protocol.lost).to.equal(null);
          peer.close();
        }),
    );
  }

  // test_selector_events: test_proto_type_switch
  it('StreamTransport.setProtocol() changes the kind of protocol for the next event, also within one', () =>
    inLoop(async (loop) => {
      const log: string[] = [];
      let transport: StreamTransport | null = null;
      const switchTo = (next: StreamProtocol): void => {
        transport?.setProtocol(next);
        log.push(`next ${next === plain ? 'plain' : 'buffered'}`);
      };
      const room = Buffer.alloc(2);
      const plain: Protocol = {
        dataReceived(data) {
          log.push(`data ${data.toString()}`);
          switchTo(buffered);
        },
      };
      const buffered: BufferedProtocol = {
        getBuffer: () => room,
        bufferUpdated(count) {
          log.push(`buffer ${room.toString('utf8', 0, count)}`);
          switchTo(plain);
        },
      };
      const { transport: made, peer } = await linkedTo<StreamProtocol>(loop, plain);
      transport = made;
      const send = async (text: string, entries: number): Promise<void> => {
        peer.send(Buffer.from(text));
        while (log.length < entries) await iterations(loop, 1);
      };
      await send('a', 2);
      await send('b', 4);
      await send('c', 6);
      made.setProtocol(plain); // from outside of any event
      await send('d', 8);
      await send('e', 10);
      expect(log).to.deep.equal([
        'data a',
        'next buffered',
        'buffer b',
        'next plain',
        'data c',
        'next buffered',
        'data d',
        'next buffered',
        'buffer e',
        'next plain',
      ]);
      made.abort();
      peer.close();
    }));

  for (const where of ['getBuffer', 'bufferUpdated'] as const) {
    itWithEpoll('it needs descriptors', `detach() in ${where}(): another BufferedProtocol goes on`, () =>
      inLoop(async (loop) => {
        const first = new Buffered(loop);
        const { transport, peer } = await linkedTo(loop, first);
        const detached = loop.createFuture<DetachedConnection>();
        const method = first[where].bind(first) as (given: number) => Uint8Array;
        first[where] = (given: number) => {
          detached.setResult(transport.detach());
          return method(given);
        };
        peer.send(Buffer.from('0123456789'));
        const [next, second] = await loop.attachConnection(() => new Buffered(loop), await detached);
        while (first.text.length + second.text.length < 10) await iterations(loop, 1);
        expect([first.text, second.text]).to.deep.equal(
          where === 'getBuffer' ? ['', '0123456789'] : ['01234', '56789'],
        );
        expect(first.log.filter((entry) => entry.startsWith('lost'))).to.deep.equal([]);
        next.close();
        expect(await second.lost).to.equal(null);
        peer.close();
      }),
    );
  }

  it('BufferedProtocol may lend memory of another realm', () =>
    inLoop(async (loop) => {
      const protocol = new Buffered(loop, runInNewContext('new Uint8Array(5)') as Uint8Array);
      const { transport, peer } = await linkedTo(loop, protocol);
      peer.send(Buffer.from('realm'));
      while (protocol.text !== 'realm') await iterations(loop, 1);
      transport.abort();
      peer.close();
    }));

  it('StreamTransport.setProtocol() in getBuffer() is for the next event: bufferUpdated() belongs to the read', () =>
    inLoop(async (loop) => {
      const protocol = new Buffered(loop);
      const got = loop.createFuture<string>();
      protocol.getBuffer = () => {
        protocol.transport?.setProtocol({ dataReceived: (data) => got.setResult(data.toString()) });
        return protocol.room;
      };
      const { transport, peer } = await linkedTo(loop, protocol);
      peer.send(Buffer.from('first next'));
      expect(await got).to.equal(' next');
      expect(protocol.text).to.equal('first');
      transport.abort();
      peer.close();
    }));

  it('the kind of a protocol is told by its methods: inherited, own, or beside a dataReceived', () =>
    inLoop(async (loop) => {
      class Inherits extends Buffered {
        readonly dataReceived = sinon.spy();
      }
      const protocol = new Inherits(loop);
      const { transport, peer } = await linkedTo(loop, protocol);
      peer.send(Buffer.from('into'));
      while (protocol.text !== 'into') await iterations(loop, 1);
      expect(protocol.dataReceived.called).to.equal(false);
      transport.abort();
      peer.close();
    }));

  it('a protocol with half of the methods is refused at once, and nothing has changed', () =>
    inLoop(async (loop, reports) => {
      const half = { getBuffer: () => Buffer.alloc(1), connectionLost: () => undefined };
      const [ours, peer] = Socket.socketpair();
      const error = await rejection(loop.connectAcceptedSocket(() => half, ours));
      expect(error).to.be.instanceOf(TypeError).with.property('code', 'ERR_INVALID_RETURN_VALUE');
      expect(error.message).to.match(
        /^A BufferedProtocol needs the methods getBuffer and bufferUpdated, got /,
      );
      expect(peer.recv(1), 'the connection is closed').to.have.length(0);
      peer.close();

      const protocol = new Buffered(loop);
      const there = await linkedTo(loop, protocol);
      for (const wrong of [half, { getBuffer: 5 }, null, undefined, 'text']) {
        const refused = await thrownBy(() => there.transport.setProtocol(wrong as never));
        expect(refused).to.be.instanceOf(TypeError).with.property('code', 'ERR_INVALID_ARG_TYPE');
        expect(there.transport.getProtocol()).to.equal(protocol);
      }
      there.peer.send(Buffer.from('ok'));
      while (protocol.text !== 'ok') await iterations(loop, 1);
      there.transport.abort();
      there.peer.close();

      const server = await loop.createServer(() => half, { host: '127.0.0.1', port: 0 });
      const { address: host, port } = server.sockets?.[0]?.getsockname() as SocketAddress; // an IP socket's
      const [client] = await loop.createConnection(() => new Buffered(loop), { host, port });
      while (reports.length === 0) await iterations(loop, 1);
      const [report] = reports.splice(0);
      expect(report?.message).to.equal('Error on transport creation for incoming connection');
      server.close();
      await server.waitClosed();
      client.abort();
    }));

  it('createUnixServer() and createUnixConnection() take a BufferedProtocol, whose type they keep', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ringloop-buffered-'));
    try {
      await inLoop(async (loop) => {
        const path = join(folder, 'socket');
        const accepted = loop.createFuture<Buffered>();
        const factory = (): Buffered => {
          const protocol = new Buffered(loop);
          accepted.setResult(protocol);
          return protocol;
        };
        const server = await loop.createUnixServer(factory, { path });
        const [transport, protocol] = await loop.createUnixConnection(() => new Buffered(loop), { path });
        transport.write(Buffer.from('by path'));
        transport.writeEof();
        expect(await (await accepted).lost).to.equal(null);
        expect((await accepted).text).to.equal('by path');
        const lost: Error | null = await protocol.lost; // the protocol is typed as the factory's
        expect(lost).to.equal(null);
        server.close();
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
