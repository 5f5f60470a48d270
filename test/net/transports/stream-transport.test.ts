import { AsyncLocalStorage } from 'node:async_hooks';
import { runInNewContext } from 'node:vm';
import { SystemExit } from '@ringloop/core';
import { expect } from 'chai';
import sinon from 'sinon';
import {
  IPPROTO_TCP,
  type Protocol,
  SHUT_WR,
  Socket,
  type SelectorEventLoop,
  type Transport,
  TCP_NODELAY,
} from '@ringloop/net';
import { NET } from '@ringloop/net/internal';
import { inLoop, type Reports } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { drain, linked } from '../linked.js';
import { Recorder, type RecorderOptions } from '../recorder.js';
import { rejection, thrownBy } from '../../rejection.js';

/** Server and client side of one TCP connection, with one log. */
async function connected(
  loop: SelectorEventLoop,
  sides: { server?: RecorderOptions; client?: RecorderOptions } = {},
): Promise<{ log: string[]; S: Recorder; C: Recorder }> {
  const log: string[] = [];
  const S = new Recorder(loop, { name: 'S', log, ...sides.server });
  const server = await loop.createServer(() => S, { host: '127.0.0.1', port: 0 });
  const address = server.sockets?.[0]?.getsockname();
  if (typeof address !== 'object') throw new Error('no address');
  const [, C] = await loop.createConnection(() => new Recorder(loop, { name: 'C', log, ...sides.client }), {
    host: address.address,
    port: address.port,
  });
  await S.made;
  server.close();
  return { log, S, C };
}

/** The one report there is; taking it keeps the test from failing. */
function takeReport(reports: Reports): {
  message: string | undefined;
  exception: string | undefined;
  keys: string[];
} {
  expect(reports).to.have.length(1);
  const [report = {}] = reports.splice(0);
  return { message: report.message, exception: report.exception?.message, keys: Object.keys(report).sort() };
}

describe('net/stream-transport', () => {
  describe('event orders of CPython', () => {
    it('StreamTransport: a half-close ends both sides in order', () =>
      inLoop(async (loop) => {
        const { log, C } = await connected(loop);
        C.transport.write(Buffer.from('hi'));
        C.transport.writeEof();
        const error = await thrownBy(() => C.transport.write(Buffer.from('x')));
        expect(error).to.include({
          code: 'ERR_WRITE_AFTER_EOF',
          message: 'Cannot call write() after write_eof()',
        });
        await C.lost;
        expect(log).to.deep.equal([
          'S made',
          'C made',
          'S data hi',
          'S eof',
          'S lost null',
          'C eof',
          'C lost null',
        ]);
      }));

    it('StreamTransport: eofReceived() returning true keeps the other direction open', () =>
      inLoop(async (loop) => {
        const { log, S, C } = await connected(loop, {
          server: { keepOpen: true },
          client: { keepOpen: false },
        });
        C.transport.writeEof();
        await S.ended;
        S.transport.write(Buffer.from('still'));
        await C.received(5);
        S.transport.close();
        await C.lost;
        expect(log).to.deep.equal([
          'S made',
          'C made',
          'S eof',
          'C data still',
          'S lost null',
          'C eof',
          'C lost null',
        ]);
      }));

    it('StreamTransport: close(), then eight writes, four warnings', () =>
      inLoop(async (loop) => {
        const warn = sinon.stub(console, 'warn');
        try {
          const { log, S, C } = await connected(loop);
          C.transport.close();
          for (let i = 0; i < 8; i++) C.transport.write(Buffer.from('x'));
          await S.lost;
          expect(warn.args).to.deep.equal(new Array(4).fill(['socket.send() raised exception.']));
          expect(log).to.deep.equal(['S made', 'C made', 'C lost null', 'S eof', 'S lost null']);
        } finally {
          warn.restore();
        }
      }));

    it('StreamTransport: a stuck buffer keeps a closing transport open until abort()', () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop);
        transport.setWriteBufferLimits({ high: 1000 });
        transport.write(Buffer.alloc(100_000));
        transport.write(Buffer.alloc(100_000));
        transport.close();
        await iterations(loop, 5);
        expect(protocol.log).to.deep.equal(['made', 'pause']);
        transport.abort();
        await protocol.lost;
        expect(protocol.log).to.deep.equal(['made', 'pause', 'lost null']);
        peer.close();
      }));
  });

  describe('writing', () => {
    // test_selector_events.SelectorSocketTransportTests.test_write_bytearray
    it('StreamTransport.write() neither changes the memory it is given nor looks at it later', () =>
      inLoop(async (loop) => {
        const { transport, peer } = await linked(loop);
        const data = Buffer.alloc(200_000, 'a');
        transport.write(data);
        expect(data.equals(Buffer.alloc(200_000, 'a'))).to.equal(true);
        data.fill('b');
        transport.write(data);
        data.fill('c');
        const received: Buffer[] = [];
        while (transport.getWriteBufferSize() > 0) {
          received.push(drain(peer));
          await iterations(loop, 1);
        }
        received.push(drain(peer));
        expect(
          Buffer.concat(received).equals(Buffer.from('a'.repeat(200_000) + 'b'.repeat(200_000))),
        ).to.equal(true);
        peer.close();
      }));

    it('StreamTransport.write() sends at once when nothing is buffered', () =>
      inLoop(async (loop) => {
        const { transport, peer } = await linked(loop);
        transport.write(Buffer.from('now'));
        expect(peer.recv(10).toString()).to.equal('now');
        expect(transport.getWriteBufferSize()).to.equal(0);
        peer.close();
      }));

    // test_selector_events: test_write_str, test_write_no_data; uvloop test_tcp: many_small_writes
    it('StreamTransport.write() and writelines() refuse strings without harm to the stream, and ignore empty data', () =>
      inLoop(async (loop) => {
        const { transport, peer } = await linked(loop);
        const text = 'text' as unknown as Uint8Array;
        for (let i = 0; i < 10; i++) {
          expect(await thrownBy(() => transport.write(text))).to.be.instanceOf(TypeError);
          expect(await thrownBy(() => transport.writelines([Buffer.from('lost'), text]))).to.be.instanceOf(
            TypeError,
          );
          transport.write(Buffer.from(String(i)));
          transport.write(new Uint8Array());
          transport.writelines([]);
        }
        transport.writelines([Buffer.from('a'), new Uint8Array(), Buffer.from('b')]);
        expect(drain(peer).toString()).to.equal('0123456789ab');
        peer.close();
      }));

    it('StreamTransport.write() says what it was given instead of bytes', () =>
      inLoop(async (loop) => {
        const { transport, peer } = await linked(loop);
        const given: [unknown, string][] = [
          ['text', 'string'],
          [null, 'null'],
          [[1], 'Array'],
          [new ArrayBuffer(1), 'ArrayBuffer'],
        ];
        for (const [data, kind] of given) {
          const error = await thrownBy(() => transport.write(data as Uint8Array));
          expect(error.message).to.equal(`data argument must be a Uint8Array, not ${kind}`);
        }
        peer.close();
      }));

    // uvloop test_tcp: test_transport_shutdown
    it('StreamTransport.writeEof(), then close(), loses nothing of what was written, a hundred times', () =>
      inLoop(async (loop) => {
        for (let i = 0; i < 100; i++) {
          const { S, C } = await connected(loop);
          C.transport.write(Buffer.from('AAAA'));
          C.transport.writeEof();
          C.transport.writeEof();
          C.transport.close();
          await S.lost;
          expect(S.text).to.equal('AAAA');
        }
      }));

    it('StreamTransport.writelines() buffers what the system does not take, and keeps the order', () =>
      inLoop(async (loop) => {
        const { transport, peer } = await linked(loop);
        const chunks = Array.from({ length: 300 }, (_, i) => Buffer.alloc(1000, i));
        transport.writelines(chunks);
        expect(transport.getWriteBufferSize()).to.be.above(0);
        const received: Buffer[] = [];
        while (transport.getWriteBufferSize() > 0) {
          received.push(drain(peer));
          await iterations(loop, 1);
        }
        received.push(drain(peer));
        expect(Buffer.concat(received).equals(Buffer.concat(chunks))).to.equal(true);
        peer.close();
      }));

    it('StreamTransport pauses its protocol once above the high mark and resumes it once at the low one', () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop);
        transport.setWriteBufferLimits({ high: 0 });
        for (let i = 0; i < 5; i++) transport.write(Buffer.alloc(100_000));
        expect(protocol.log).to.deep.equal(['made', 'pause']);
        while (transport.getWriteBufferSize() > 0) {
          drain(peer);
          await iterations(loop, 1);
        }
        expect(protocol.log).to.deep.equal(['made', 'pause', 'resume']);
        peer.close();
      }));

    it('StreamTransport.setWriteBufferLimits() pauses at once when the buffer is already above the mark', () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop);
        transport.setWriteBufferLimits({ high: 10_000_000 });
        transport.write(Buffer.alloc(300_000));
        transport.setWriteBufferLimits({ high: transport.getWriteBufferSize() }); // at the mark is not above it
        expect(protocol.log).to.deep.equal(['made']);
        transport.setWriteBufferLimits({ high: 1000 });
        expect(protocol.log).to.deep.equal(['made', 'pause']);
        transport.abort();
        peer.close();
        await protocol.lost;
      }));

    it('StreamTransport reports what pauseWriting() and resumeWriting() throw, and goes on', () =>
      inLoop(async (loop, reports) => {
        const { transport, protocol, peer } = await linked(loop);
        protocol.pauseWriting = () => {
          throw new Error('no pause');
        };
        protocol.resumeWriting = () => {
          throw new Error('no resume');
        };
        transport.write(Buffer.alloc(300_000));
        const keys = ['exception', 'message', 'protocol', 'transport'];
        expect(takeReport(reports)).to.deep.equal({
          message: 'protocol.pause_writing() failed',
          exception: 'no pause',
          keys,
        });
        while (transport.getWriteBufferSize() > 0) {
          drain(peer);
          await iterations(loop, 1);
        }
        expect(takeReport(reports)).to.deep.equal({
          message: 'protocol.resume_writing() failed',
          exception: 'no resume',
          keys,
        });
        peer.close();
      }));

    // test_selector_events.SelectorSocketTransportTests.test_write_buffer_after_close (gh-115514)
    it('StreamTransport sends what resumeWriting() writes into a closing transport', () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop);
        protocol.resumeWriting = () => transport.write(Buffer.from('last words'));
        transport.write(Buffer.alloc(300_000));
        transport.close();
        const received: Buffer[] = [];
        while (!protocol.lost.done()) {
          received.push(drain(peer));
          await iterations(loop, 1);
        }
        received.push(drain(peer));
        expect(Buffer.concat(received).subarray(300_000).toString()).to.equal('last words');
        peer.close();
      }));

    it('StreamTransport refuses write() and writelines() after writeEof(), also of nothing', () =>
      inLoop(async (loop) => {
        const { transport, peer } = await linked(loop);
        transport.writeEof();
        const late: [string, () => void][] = [
          ['write', () => transport.write(Buffer.alloc(0))],
          ['writelines', () => transport.writelines([])],
          ['writelines', () => transport.writelines([Buffer.from('x')])],
        ];
        for (const [method, call] of late) {
          expect(await thrownBy(call)).to.include({
            name: 'TransportStateError',
            code: 'ERR_WRITE_AFTER_EOF',
            message: `Cannot call ${method}() after write_eof()`, // as CPython 3.12 and 3.13 say
          });
        }
        transport.abort();
        peer.close();
      }));

    // test_selector_events: test_write_eof_buffer
    it('StreamTransport.writeEof() waits for the buffer, can be repeated, and does nothing after close()', () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop);
        expect(transport.canWriteEof()).to.equal(true);
        transport.write(Buffer.alloc(300_000));
        transport.writeEof();
        transport.writeEof();
        let total = 0;
        while (transport.getWriteBufferSize() > 0) {
          total += drain(peer).length;
          await iterations(loop, 1);
        }
        total += drain(peer).length;
        expect(total).to.equal(300_000);
        const room = Buffer.alloc(1);
        while (peer.tryRecvInto(room) < 0) await iterations(loop, 1); // libuv ends its side when it polls
        expect(peer.recv(1)).to.have.length(0);
        transport.close();
        transport.writeEof();
        await protocol.lost;
        peer.close();
      }));
  });

  describe('reading', () => {
    it('StreamTransport hands out data that later reads do not change', () =>
      inLoop(async (loop) => {
        const { protocol, peer } = await linked(loop);
        peer.send(Buffer.from('first'));
        await protocol.received(5);
        peer.send(Buffer.from('SECOND'));
        await protocol.received(11);
        expect(protocol.chunks.map(String)).to.deep.equal(['first', 'SECOND']);
        peer.close();
        await protocol.lost;
      }));

    it('StreamTransport.pauseReading() holds data back until resumeReading(); both can be repeated', () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop);
        transport.pauseReading();
        transport.pauseReading();
        expect(transport.isReading()).to.equal(false);
        peer.send(Buffer.from('held'));
        await iterations(loop, 3);
        expect(protocol.log).to.deep.equal(['made']);
        transport.resumeReading();
        transport.resumeReading();
        expect(transport.isReading()).to.equal(true);
        await protocol.received(4);
        transport.close();
        transport.pauseReading();
        transport.resumeReading();
        expect(transport.isReading()).to.equal(false);
        await protocol.lost;
        peer.close();
      }));

    it('StreamTransport.pauseReading() is legal in connectionMade()', () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop, { onMade: (made) => made.pauseReading() });
        peer.send(Buffer.from('x'));
        await iterations(loop, 3);
        expect(protocol.log).to.deep.equal(['made']);
        transport.resumeReading();
        await protocol.received(1);
        transport.abort();
        await protocol.lost;
        peer.close();
      }));

    it('StreamTransport does not tell the end of the stream twice', () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop, { keepOpen: true });
        peer.shutdown(SHUT_WR);
        await protocol.ended;
        transport.pauseReading();
        transport.resumeReading();
        await iterations(loop, 3);
        transport.write(Buffer.from('answer'));
        expect(peer.recv(10).toString()).to.equal('answer');
        transport.close();
        await protocol.lost;
        expect(protocol.log).to.deep.equal(['made', 'eof', 'lost null']);
        peer.close();
      }));

    // test_selector_events: test_read_ready__data_received_raises, test_read_ready_eof_received_raises
    it('StreamTransport reports what dataReceived() throws, and loses the connection for it', () =>
      inLoop(async (loop, reports) => {
        const onData = (): void => {
          throw new Error('oops');
        };
        const { protocol, peer } = await linked(loop, { onData });
        peer.send(Buffer.from('x'));
        expect((await protocol.lost)?.message).to.equal('oops');
        expect(takeReport(reports)).to.deep.equal({
          message: 'Fatal error: protocol.data_received() call failed.',
          exception: 'oops',
          keys: ['exception', 'message', 'protocol', 'transport'],
        });
        peer.close();
      }));

    it('StreamTransport reports what eofReceived() throws, and loses the connection for it', () =>
      inLoop(async (loop, reports) => {
        const { protocol, peer } = await linked(loop);
        protocol.eofReceived = () => {
          throw new Error('oops');
        };
        peer.close();
        expect((await protocol.lost)?.message).to.equal('oops');
        expect(takeReport(reports).message).to.equal('Fatal error: protocol.eof_received() call failed.');
      }));

    it('StreamTransport reports what promises of the protocol reject with, as what its methods throw', () =>
      inLoop(async (loop, reports) => {
        const late = (): Promise<never> => Promise.reject(new Error('late'));
        const cases: [Partial<Record<keyof Protocol, () => Promise<never>>>, string, string | null][] = [
          [{ connectionMade: late }, 'protocol.connection_made() failed', null],
          [{ dataReceived: late }, 'Fatal error: protocol.data_received() call failed.', 'late'],
          // It has said nothing by then, and so its transport closes itself.
          [{ eofReceived: late }, 'Fatal error: protocol.eof_received() call failed.', null],
          [{ connectionLost: late }, 'protocol.connection_lost() failed', null],
        ];
        for (const [methods, message, lostWith] of cases) {
          const [near, far] = Socket.socketpair();
          const lost = loop.createFuture<Error | null>();
          const protocol = {
            connectionLost: (exc: Error | null): unknown => {
              lost.setResult(exc);
              return methods.connectionLost?.();
            },
            ...('connectionLost' in methods ? {} : methods),
          } as unknown as Protocol;
          const [transport] = await loop.connectAcceptedSocket(() => protocol, near);
          if ('dataReceived' in methods) far.send(Buffer.from('x'));
          else far.close();
          expect((await lost)?.message ?? null).to.equal(lostWith);
          await iterations(loop, 2);
          expect(takeReport(reports)).to.deep.equal({
            message,
            exception: 'late',
            keys: ['exception', 'message', 'protocol', 'transport'],
          });
          expect(transport.getExtraInfo('socket').fileno()).to.equal(-1);
          if (far.fileno() !== -1) far.close();
        }
      }));

    it('StreamTransport reports what promises of pauseWriting() and resumeWriting() reject with, and goes on', () =>
      inLoop(async (loop, reports) => {
        const { transport, protocol, peer } = await linked(loop);
        const user = new AsyncLocalStorage<string>();
        protocol.pauseWriting = () => {
          user.enterWith('the protocol');
          return Promise.reject(new Error('no pause')) as never;
        };
        protocol.resumeWriting = () => Promise.reject(new Error('no resume')) as never;
        user.run('who writes', () => {
          transport.write(Buffer.alloc(300_000));
          expect(user.getStore()).to.equal('who writes');
        });
        await iterations(loop, 1);
        expect(takeReport(reports)).to.include({
          message: 'protocol.pause_writing() failed',
          exception: 'no pause',
        });
        while (transport.getWriteBufferSize() > 0) {
          drain(peer);
          await iterations(loop, 1);
        }
        await iterations(loop, 1);
        expect(takeReport(reports)).to.include({
          message: 'protocol.resume_writing() failed',
          exception: 'no resume',
        });
        peer.close();
      }));

    it('StreamTransport ends the loop with a SystemExit that a promise of the protocol rejects with', async () => {
      const error = await rejection(
        inLoop(async (loop) => {
          const onData = (): unknown => Promise.reject(new SystemExit(4));
          const protocol = { dataReceived: onData } as Protocol;
          const [near, far] = Socket.socketpair();
          await loop.connectAcceptedSocket(() => protocol, near);
          far.send(Buffer.from('x'));
          await loop.createFuture();
        }),
      );
      expect(error).to.be.instanceOf(SystemExit).with.property('exitCode', 4);
    });

    it('StreamTransport.setProtocol() sends the next event to another protocol', () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop);
        const text = loop.createFuture<string>();
        const other = { dataReceived: (data: Buffer) => text.setResult(data.toString()) };
        transport.setProtocol(other);
        expect(transport.getProtocol()).to.equal(other);
        peer.send(Buffer.from('x'));
        expect(await text).to.equal('x');
        expect(protocol.byteCount).to.equal(0);
        peer.close();
      }));
  });

  it('StreamTransport leaves the loop its timers while a peer floods it', () =>
    inLoop(async (loop) => {
      const { S, C } = await connected(loop);
      const flood = (): void => {
        if (C.transport.isClosing()) return;
        while (C.transport.getWriteBufferSize() < 1_000_000) C.transport.write(Buffer.alloc(100_000));
        loop.callSoon(flood);
      };
      flood();
      const late: number[] = [];
      const done = loop.createFuture<undefined>();
      const tick = (left: number): void => {
        const due = loop.time() + 0.005;
        if (left === 0) done.setResult(undefined);
        else loop.callLater(0.005, () => late.push(loop.time() - due) && tick(left - 1));
      };
      tick(10);
      await done;
      C.transport.abort();
      await S.lost;
      expect(Math.max(...late), 'seconds late').to.be.below(0.25);
      expect(S.byteCount).to.be.above(1_000_000);
    }));

  describe('the end', () => {
    // test_selector_events: test_write_ready_closing
    it('StreamTransport that is closing calls connectionLost() right after its last byte, in the same callback', () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop);
        const sizes: number[] = [];
        protocol.pauseWriting = () => undefined;
        protocol.resumeWriting = () => {
          loop.callSoon(() => sizes.push(-1)); // of the iteration that comes after this callback
        };
        protocol.connectionLost = (exc) => {
          sizes.push(transport.getWriteBufferSize());
          protocol.lost.setResult(exc);
        };
        transport.write(Buffer.alloc(300_000));
        transport.setWriteBufferLimits({ high: 0 });
        transport.close();
        while (!protocol.lost.done()) {
          drain(peer);
          await iterations(loop, 1);
        }
        await iterations(loop, 1);
        expect(sizes).to.deep.equal([0, -1]);
        peer.close();
      }));

    it('StreamTransport.isClosing() from close(), abort(), a failure, or the end of the stream on', () =>
      inLoop(async (loop, reports) => {
        const ways: Record<string, (transport: Transport, peer: Socket) => void> = {
          close: (transport) => transport.close(),
          abort: (transport) => transport.abort(),
          'the peer is gone': (transport, peer) => {
            peer.close();
            transport.write(Buffer.from('x'));
          },
          'the end of the stream': (_, peer) => peer.shutdown(SHUT_WR),
          'the protocol fails': (transport, peer) => {
            transport.setProtocol({
              dataReceived: () => {
                throw new Error('no use');
              },
            });
            peer.send(Buffer.from('x'));
          },
        };
        for (const [way, act] of Object.entries(ways)) {
          const { transport, peer } = await linked(loop);
          expect(transport.isClosing(), way).to.equal(false);
          act(transport, peer);
          while (!transport.isClosing()) await iterations(loop, 1);
          expect(transport.isReading(), way).to.equal(false);
          await iterations(loop, 2);
          expect(transport.isClosing(), way).to.equal(true);
          expect(transport.getExtraInfo('socket').fileno(), way).to.equal(-1);
          peer.close();
        }
        expect(takeReport(reports).message).to.equal('Fatal error: protocol.data_received() call failed.');
      }));

    it('StreamTransport tells of a broken connection on console.debug() in debug mode, and only there', () =>
      inLoop(async (loop) => {
        const debug = sinon.stub(console, 'debug');
        try {
          for (const isOn of [false, true]) {
            const { transport, protocol, peer } = await linked(loop);
            loop.setDebug(isOn);
            peer.close();
            transport.write(Buffer.from('x'));
            expect(await protocol.lost).to.have.property('code', 'EPIPE');
            loop.setDebug(false);
          }
          expect(debug.args.flat().map(String)).to.have.length(1);
          expect(String(debug.firstCall.args[0])).to.match(/^<StreamTransport .*>: .*EPIPE/);
        } finally {
          debug.restore();
        }
      }));

    // test_selector_events: test_close, test_force_close
    it('StreamTransport.close() and abort(), however often, lose the connection once and never within the call', () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop);
        transport.close();
        transport.close();
        transport.abort();
        transport.abort();
        expect(transport.isClosing()).to.equal(true);
        expect(protocol.log).to.deep.equal(['made']);
        await protocol.lost;
        await iterations(loop, 3);
        expect(protocol.log).to.deep.equal(['made', 'lost null']);
        peer.close();
      }));

    it('StreamTransport tells its protocol, and not the exception handler, when the peer resets', () =>
      inLoop(async (loop) => {
        const { log, S, C } = await connected(loop);
        reset(C.transport);
        expect(await S.lost).to.include({ code: 'ECONNRESET', syscall: 'recv', errno: -104 });
        expect(log.slice(2)).to.have.members(['C lost null', 'S lost ECONNRESET']);
      }));

    it('StreamTransport loses a connection that is reset while it writes and does not read', () =>
      inLoop(async (loop) => {
        const { S, C } = await connected(loop);
        S.transport.pauseReading();
        S.transport.write(Buffer.alloc(20_000_000));
        expect(S.transport.getWriteBufferSize()).to.be.above(0);
        reset(C.transport);
        expect(await S.lost)
          .to.have.property('code')
          .that.is.oneOf(['ECONNRESET', 'EPIPE']);
      }));

    it('StreamTransport: abort() in connectionMade() loses the connection without a read', () =>
      inLoop(async (loop) => {
        const { protocol, peer } = await linked(loop, { onMade: (made) => made.abort() });
        await protocol.lost;
        expect(protocol.log).to.deep.equal(['made', 'lost null']);
        peer.close();
      }));

    it('StreamTransport reports what connectionLost() throws, and closes its socket all the same', () =>
      inLoop(async (loop, reports) => {
        const { transport, protocol, peer } = await linked(loop);
        protocol.connectionLost = () => {
          throw new Error('oops');
        };
        transport.close();
        await iterations(loop, 1);
        expect(takeReport(reports).message).to.match(/^Exception in callback /);
        expect(transport.getExtraInfo('socket').fileno()).to.equal(-1);
        expect(peer.recv(1)).to.have.length(0);
        peer.close();
      }));
  });

  it('StreamTransport.getExtraInfo() knows socket and addresses, also after the end', () =>
    inLoop(async (loop) => {
      const { S, C } = await connected(loop);
      const sock = C.transport.getExtraInfo('socket');
      expect(C.transport.getExtraInfo('socket')).to.equal(sock);
      expect(sock.getsockopt(IPPROTO_TCP, TCP_NODELAY)).to.equal(1);
      expect(C.transport.getExtraInfo('peername')).to.deep.equal(sock.getpeername());
      C.transport.abort();
      await Promise.all([C.lost, S.lost]);
      expect(C.transport.getExtraInfo('sockname')).to.deep.equal(S.transport.getExtraInfo('peername'));
      expect(C.transport.getExtraInfo('nothing')).to.equal(null);
      expect(C.transport.getExtraInfo('nothing', 7)).to.equal(7);
    }));

  // Whatever ends a transport: a watch that is left would be the next one's who gets the number.
  it('StreamTransport.writelines() watches for nothing when all is sent at once', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      const watch = sinon.spy(loop[NET].selector, 'watch');
      transport.writelines([Buffer.from('head'), Buffer.from('body')]);
      expect(watch.called).to.equal(false);
      transport.close();
      await protocol.lost;
      expect(loop[NET].selector.watching).to.equal(false);
      expect(drain(peer).toString()).to.equal('headbody');
      peer.close();
    }));

  for (const way of ['close', 'abort', 'writeEof'] as const) {
    it(`StreamTransport.${way}() in resumeWriting() leaves no watch behind`, () =>
      inLoop(async (loop) => {
        const { transport, protocol, peer } = await linked(loop);
        transport.setWriteBufferLimits({ high: 0 });
        protocol.resumeWriting = () => transport[way]();
        transport.write(Buffer.alloc(200_000));
        expect(transport.getWriteBufferSize()).to.be.above(0);
        while (transport.getWriteBufferSize() > 0) {
          drain(peer);
          await iterations(loop, 1);
        }
        await iterations(loop, 1);
        const selector = loop[NET].selector;
        expect(selector.unwatch(transport.getExtraInfo('socket').fileno(), 'writer')).to.equal(false);
        transport.abort();
        await protocol.lost;
        expect(selector.watching).to.equal(false);
        peer.close();
      }));
  }

  it('StreamTransport.write() takes the bytes of another realm, and says what it does not take', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      const foreign = runInNewContext('new Uint8Array([104, 105])') as Uint8Array;
      transport.write(foreign);
      transport.writelines([foreign]);
      expect(drain(peer).toString()).to.equal('hihi');
      for (const [data, kind] of [
        ['text', 'string'],
        [null, 'null'],
        [Object.create(null), 'object'],
        [new Uint16Array(1), 'Uint16Array'],
      ]) {
        const error = await thrownBy(() => transport.write(data as Uint8Array));
        expect(error).to.include({ code: 'ERR_INVALID_ARG_TYPE' });
        expect(error.message).to.equal(`data argument must be a Uint8Array, not ${kind as string}`);
      }
      transport.abort();
      await protocol.lost;
      peer.close();
    }));
});

/** Ends a connection with RST instead of FIN: SO_LINGER, on, 0 s. */
function reset(transport: Transport): void {
  transport.getExtraInfo('socket').setsockopt(1, 13, Buffer.from(new Int32Array([1, 0]).buffer));
  transport.abort();
}
