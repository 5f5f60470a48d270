import fs from 'node:fs';
import { constants } from 'node:os';
import { inspect } from 'node:util';
import { open } from 'node:fs/promises';
import { expect } from 'chai';
import { CancelledError } from '@ringloop/core';
import {
  type BufferedProtocol,
  openConnection,
  type SelectorEventLoop,
  SendfileNotAvailableError,
  type SocketAddress,
  startServer,
  type StreamTransport,
  TransportStateError,
} from '@ringloop/net';
import { itWithEpoll, onHandles } from '../backend.js';
import { openDescriptors } from '../descriptors.js';
import { SystemCalls } from '../faults/system-calls.js';
import { inLoop, type Reports } from '../in-loop.js';
import { sendingIn } from './sending-in.js';
import { iterations } from '../iterations.js';
import { drain, linked } from '../linked.js';
import { Recorder, type RecorderOptions } from '../recorder.js';
import { rejection } from '../../rejection.js';
import { TestFile } from './test-file.js';

const MANY = 3_000_001;

interface Ends {
  readonly transport: StreamTransport;
  readonly protocol: Recorder;
  readonly peer: Recorder;
  readonly close: () => Promise<void>;
}

/** Two connected transports of TCP, on whatever carries the loop's sockets. */
async function ends(
  loop: SelectorEventLoop,
  ours: RecorderOptions = {},
  theirs: RecorderOptions = {},
): Promise<Ends> {
  const peer = new Recorder(loop, theirs);
  const server = await loop.createServer(() => peer, { host: '127.0.0.1', port: 0 });
  const { address: host, port } = server.sockets?.[0]?.getsockname() as SocketAddress; // of TCP
  const [transport, protocol] = await loop.createConnection(() => new Recorder(loop, ours), { host, port });
  await peer.made;
  server.close();
  return {
    transport,
    protocol,
    peer,
    close: async () => {
      transport.abort();
      peer.transport.abort();
      await protocol.lost;
      await peer.lost;
    },
  };
}

describe('net/sendfile/transport-sendfile', () => {
  for (const how of onHandles ? ['by reading'] : ['natively', 'by reading']) {
    const inLoop = (body: Parameters<typeof sendingIn>[1]): Promise<void> => sendingIn(how, body);

    it(`SelectorEventLoop.sendfile() sends a whole file ${how}, behind what was written before`, () =>
      inLoop(async (loop) => {
        using file = new TestFile(MANY);
        const { transport, peer, close } = await ends(loop);
        peer.transport.pauseReading();
        const before = Buffer.alloc(5_000_000, 'before'); // more than the system takes
        transport.write(before);
        expect(transport.getWriteBufferSize()).to.be.above(0);
        const sending = loop.createTask(() => loop.sendfile(transport, file));
        await iterations(loop, 3);
        peer.transport.resumeReading();
        expect(await sending).to.equal(MANY);
        transport.write(Buffer.from('after'));
        const expected = Buffer.concat([before, file.content, Buffer.from('after')]);
        await peer.received(expected.length);
        expect(Buffer.concat(peer.chunks).equals(expected)).to.equal(true);
        expect(file.position).to.equal(onHandles ? 0 : MANY);
        await close();
      })).slow(2000);

    it(`SelectorEventLoop.sendfile() sends a part ${how}, and an empty file`, () =>
      inLoop(async (loop) => {
        using file = new TestFile(MANY);
        using empty = new TestFile(0);
        const { transport, peer, close } = await ends(loop);
        let total = 0;
        for (const [offset, count, expected] of [
          [1000, 100, 100],
          [MANY - 5, 10, 5],
          [MANY + 5, 10, 0],
          [100_000, 500_000, 500_000],
        ] as const) {
          expect(await loop.sendfile(transport, file, { offset, count })).to.equal(expected);
          await peer.received((total += expected));
          const received = Buffer.concat(peer.chunks).subarray(total - expected);
          expect(received.equals(file.content.subarray(offset, offset + expected))).to.equal(true);
        }
        expect(await loop.sendfile(transport, empty)).to.equal(0);
        await close();
      }));

    it(`SelectorEventLoop.sendfile() ${how} pauses reading, and resumes it, unless the protocol had paused it`, () =>
      inLoop(async (loop) => {
        using file = new TestFile(1000);
        const { transport, protocol, peer, close } = await ends(loop);
        for (const paused of [false, true]) {
          if (paused) transport.pauseReading();
          const sending = loop.createTask(() => loop.sendfile(transport, file));
          await iterations(loop, 1);
          peer.transport.write(Buffer.from('x'));
          await sending;
          expect(transport.isReading()).to.equal(!paused);
        }
        transport.resumeReading();
        await protocol.received(2);
        await close();
      }));

    it(`SelectorEventLoop.sendfile() ${how} lets nobody write meanwhile`, () =>
      inLoop(async (loop) => {
        using file = new TestFile(10_000_000);
        const { transport, peer, close } = await ends(loop);
        peer.transport.pauseReading();
        const sending = loop.createTask(() => loop.sendfile(transport, file));
        await iterations(loop, 2);
        for (const [method, act] of [
          ['write', () => transport.write(Buffer.from('x'))],
          ['writelines', () => transport.writelines([Buffer.from('x')])],
        ] as const) {
          expect(act)
            .to.throw(TransportStateError, `unable to ${method}; sendfile is in progress`)
            .with.property('code', 'ERR_SENDFILE_IN_PROGRESS');
        }
        expect(inspect(transport)).to.match(/ sendfile>$/);
        const again = await rejection(loop.sendfile(transport, file));
        expect(again).to.include({ code: 'ERR_SENDFILE_IN_PROGRESS' });
        if (!onHandles)
          expect(() => transport.detach())
            .to.throw()
            .with.property('code', 'ERR_SENDFILE_IN_PROGRESS');
        transport.writeEof(); // takes effect afterwards
        peer.transport.resumeReading();
        expect(await sending).to.equal(10_000_000);
        await peer.ended;
        expect(Buffer.concat(peer.chunks).equals(file.content)).to.equal(true);
        expect(() => transport.write(Buffer.from('x')))
          .to.throw()
          .with.property('code', 'ERR_WRITE_AFTER_EOF');
        expect(await rejection(loop.sendfile(transport, file))).to.include({ code: 'ERR_WRITE_AFTER_EOF' });
        await close();
      })).slow(2000);

    for (const way of ['close', 'abort'] as const) {
      it(`SelectorEventLoop.sendfile() ${how} ends when the transport is ended by ${way}()`, () =>
        inLoop(async (loop) => {
          using file = new TestFile(20_000_000);
          const { transport, protocol, peer, close } = await ends(loop);
          peer.transport.pauseReading();
          const sending = loop.createTask(() => loop.sendfile(transport, file));
          await iterations(loop, 10); // until it waits for the peer
          while (how === 'by reading' && transport.getWriteBufferSize() <= 65_536) await iterations(loop, 1);
          transport[way]();
          expect(await rejection(sending)).to.include({ code: 'ERR_TRANSPORT_CLOSING' });
          if (!onHandles) expect(file.position).to.be.within(1, 19_999_999);
          peer.transport.resumeReading();
          expect(await protocol.lost).to.equal(null);
          await close();
        })).slow(2000);
    }

    it(`SelectorEventLoop.sendfile() ${how} rejects when the peer goes away, and the transport is lost`, () =>
      inLoop(async (loop) => {
        using file = new TestFile(20_000_000);
        const { transport, protocol, close } = await ends(
          loop,
          {},
          { onData: (_data, theirs) => theirs.abort() },
        );
        const { code } = await rejection(loop.sendfile(transport, file));
        expect(['EPIPE', 'ECONNRESET']).to.include(code);
        if (!onHandles) expect(file.position).to.be.within(1, 19_999_999);
        await protocol.lost;
        expect(transport.isClosing()).to.equal(true);
        await close();
      })).slow(2000);

    it(`SelectorEventLoop.sendfile() ${how} can be cancelled in every iteration, and the transport goes on`, () =>
      inLoop(async (loop) => {
        using file = new TestFile(10_000_000);
        const outcomes = new Set<string>();
        const before = openDescriptors().size;
        for (let count = 0; count < 25; count++) {
          const { transport, protocol, peer, close } = await ends(loop);
          const sending = loop.createTask(() => loop.sendfile(transport, file));
          await iterations(loop, count);
          sending.cancel();
          const [outcome] = await Promise.allSettled([sending]);
          if (outcome.status === 'rejected') expect(outcome.reason).to.be.instanceOf(CancelledError);
          outcomes.add(outcome.status);
          transport.write(Buffer.from('end'));
          transport.writeEof();
          await peer.ended;
          const received = Buffer.concat(peer.chunks);
          const sent = received.length - 3;
          expect(received.subarray(0, sent).equals(file.content.subarray(0, sent))).to.equal(true);
          expect(received.subarray(sent).toString()).to.equal('end');
          if (!onHandles && sent > 0) expect(file.position).to.equal(sent);
          expect(protocol.log).to.satisfy((log: string[]) => alternate(log));
          await close();
        }
        expect(outcomes).to.include('rejected');
        while (openDescriptors().size > before) await iterations(loop, 1);
      })).slow(4000);
  }

  it('SelectorEventLoop.sendfile() that reads tells the protocol of flow control only how it is afterwards', () =>
    sendingIn('by reading', async (loop) => {
      using file = new TestFile(1_000_000);
      const { transport, protocol, peer, close } = await ends(loop);
      transport.setWriteBufferLimits({ high: 1 });
      peer.transport.pauseReading();
      while (!protocol.log.includes('pause')) transport.write(Buffer.alloc(100_000));
      const written = transport.getWriteBufferSize();
      expect(written).to.be.above(0);
      const sending = loop.createTask(() => loop.sendfile(transport, file));
      await iterations(loop, 5);
      peer.transport.resumeReading();
      await sending;
      expect(protocol.log.filter((event) => event === 'pause').length).to.be.within(1, 2);
      expect(alternate(protocol.log)).to.equal(true);
      transport.writeEof();
      await peer.ended;
      await iterations(loop, 2);
      expect(protocol.log.filter((event) => /pause|resume/.test(event)).at(-1)).to.equal('resume');
      expect(alternate(protocol.log)).to.equal(true);
      await close();
    }));

  it('SelectorEventLoop.sendfile() under a BufferedProtocol reads nothing meanwhile', () =>
    sendingIn('by reading', async (loop) => {
      using file = new TestFile(1000);
      const { transport, peer, close } = await ends(loop);
      const room = Buffer.alloc(10);
      const updated = loop.createFuture<number>();
      const lender: BufferedProtocol = {
        getBuffer: () => room,
        bufferUpdated: (bytes) => updated.setResult(bytes),
      };
      const original = transport.getProtocol();
      transport.setProtocol(lender);
      const sending = loop.createTask(() => loop.sendfile(transport, file));
      await iterations(loop, 1);
      peer.transport.write(Buffer.from('hello'));
      await sending;
      expect(await updated).to.equal(5);
      transport.setProtocol(original);
      await close();
    }));

  it('SelectorEventLoop.sendfile() sends on the transport of a StreamWriter, between what that writes', () =>
    inLoop(async (loop) => {
      using file = new TestFile(MANY);
      const served = loop.createFuture<Buffer>();
      const server = await startServer(
        async (reader, writer) => {
          served.setResult(await reader.read());
          writer.write(Buffer.from('thanks'));
          writer.close();
        },
        { host: '127.0.0.1', port: 0 },
      );
      const { address: host, port } = server.sockets?.[0]?.getsockname() as SocketAddress; // of TCP
      const [reader, writer] = await openConnection({ host, port });
      writer.write(Buffer.from('before'));
      expect(await loop.sendfile(writer.transport, file)).to.equal(MANY);
      writer.write(Buffer.from('after'));
      writer.writeEof();
      const expected = Buffer.concat([Buffer.from('before'), file.content, Buffer.from('after')]);
      expect((await served).equals(expected)).to.equal(true);
      expect((await reader.read()).toString()).to.equal('thanks');
      writer.close();
      await writer.waitClosed();
      server.close();
      await server.waitClosed();
    }));

  it('SelectorEventLoop.sendfile() refuses what is no stream transport, one that is closing, and wrong options', () =>
    inLoop(async (loop) => {
      using file = new TestFile(10);
      const send = loop.sendfile.bind(loop) as (...args: unknown[]) => Promise<number>;
      const { transport, protocol, close } = await ends(loop);
      const [datagrams] = await loop.createDatagramEndpoint(() => ({}), {
        localAddr: { host: '127.0.0.1', port: 0 },
      });
      expect(await rejection(send(datagrams, file)))
        .to.be.instanceOf(SendfileNotAvailableError)
        .with.property('message')
        .that.matches(/^sendfile is not supported for transport /);
      datagrams.close();
      for (const none of [null, {}, 3, protocol])
        expect(await rejection(send(none, file)))
          .to.be.instanceOf(TypeError)
          .with.property('code', 'ERR_INVALID_ARG_TYPE');
      expect(await rejection(send(transport, file, { count: 0 }))).to.be.instanceOf(RangeError);
      expect(await rejection(send(transport, file, { offset: '0' }))).to.be.instanceOf(TypeError);
      expect(await rejection(send(transport, 'path'))).to.be.instanceOf(TypeError);
      expect(await rejection(send(transport, 999_999))).to.include({ code: 'EBADF' });
      transport.write(Buffer.from('still open'));
      transport.close();
      expect(await rejection(send(transport, file)))
        .to.be.instanceOf(TransportStateError)
        .with.property('code', 'ERR_TRANSPORT_CLOSING');
      await close();
    }));

  it('SelectorEventLoop.sendfile() of a file that cannot be read leaves the transport as it was', () =>
    inLoop(async (loop) => {
      const { transport, peer, close } = await ends(loop);
      const directory = fs.openSync('/', 'r');
      const before = openDescriptors().size;
      expect(await rejection(loop.sendfile(transport, directory))).to.include({ code: 'EISDIR' });
      expect(await rejection(loop.sendfile(transport, directory, { fallback: false }))).to.be.instanceOf(
        SendfileNotAvailableError,
      );
      expect(openDescriptors().size).to.equal(before);
      fs.closeSync(directory);
      expect(transport.isReading()).to.equal(true);
      transport.write(Buffer.from('goes on'));
      await peer.received(7);
      expect(peer.text).to.equal('goes on');
      await close();
    }));

  (onHandles ? it : it.skip)("SelectorEventLoop.sendfile() on Node's handles only reads", () =>
    inLoop(async (loop) => {
      using file = new TestFile(10);
      const { transport, close } = await ends(loop);
      expect(await rejection(loop.sendfile(transport, file, { fallback: false }))).to.be.instanceOf(
        SendfileNotAvailableError,
      );
      expect(await loop.sendfile(transport, file)).to.equal(10);
      await close();
    }),
  );

  (onHandles ? it : it.skip)(
    "SelectorEventLoop.sendfile() on Node's handles tells that its file was closed meanwhile",
    () =>
      inLoop(async (loop) => {
        using file = new TestFile(20_000_000);
        const handle = await open(`/proc/self/fd/${file.fd}`);
        const { transport, peer, close } = await ends(loop);
        peer.transport.pauseReading();
        const sending = loop.createTask(() => loop.sendfile(transport, handle));
        while (transport.getWriteBufferSize() <= 65_536) await iterations(loop, 1);
        await handle.close();
        peer.transport.resumeReading();
        expect(await rejection(sending))
          .to.be.instanceOf(RangeError)
          .with.property('message', 'Invalid file descriptor: -1');
        expect(transport.isReading()).to.equal(true);
        await close();
      }),
  );

  itWithEpoll(
    'its peer is a Socket',
    'SelectorEventLoop.sendfile() rejects when what was written before cannot be sent',
    () =>
      inLoop(async (loop) => {
        using file = new TestFile(10);
        const { transport, protocol, peer } = await linked(loop);
        while (transport.getWriteBufferSize() === 0) transport.write(Buffer.alloc(10_000));
        const sending = loop.createTask(() => loop.sendfile(transport, file));
        await iterations(loop, 2);
        peer.close();
        expect(await rejection(sending)).to.include({ code: 'EPIPE', syscall: 'send' });
        expect(await protocol.lost).to.include({ code: 'EPIPE' });
        expect(file.position).to.equal(0);
      }),
  );

  itWithEpoll(
    'its peer is a Socket',
    'SelectorEventLoop.sendfile() that waits for what was written ends with close(), which sends that',
    () =>
      inLoop(async (loop) => {
        using file = new TestFile(10);
        const { transport, protocol, peer } = await linked(loop);
        while (transport.getWriteBufferSize() === 0) transport.write(Buffer.alloc(10_000, 'b'));
        const sending = loop.createTask(() => loop.sendfile(transport, file));
        await iterations(loop, 2);
        transport.close();
        expect(await rejection(sending)).to.include({ code: 'ERR_TRANSPORT_CLOSING' });
        const received: Buffer[] = [];
        while (protocol.state !== 'closed') {
          received.push(drain(peer));
          await iterations(loop, 1);
        }
        received.push(drain(peer));
        expect(Buffer.concat(received).every((byte) => byte === 0x62)).to.equal(true);
        expect(await protocol.lost).to.equal(null);
        peer.close();
      }),
  );

  itWithEpoll(
    'it makes calls of sockets fail',
    'SelectorEventLoop.sendfile() rejects when the socket cannot be watched',
    () =>
      inLoop(async (loop, reports: Reports) => {
        using file = new TestFile(1_000_000);
        const { transport, protocol, peer } = await linked(loop);
        {
          using calls = new SystemCalls({ call: 'epoll_ctl ADD', nth: 0, how: constants.errno.ENOMEM });
          expect(await rejection(loop.sendfile(transport, file))).to.include({ code: 'ENOMEM' });
          expect(calls.delivered).to.equal(true);
        }
        expect(await protocol.lost).to.include({ code: 'ENOMEM' });
        expect(reports).to.deep.equal([]);
        peer.close();
      }),
  );
});

/** Whether pauses and resumptions take turns, beginning with a pause. */
function alternate(log: readonly string[]): boolean {
  return log
    .filter((event) => event === 'pause' || event === 'resume')
    .every((event, at) => event === (at % 2 === 0 ? 'pause' : 'resume'));
}
