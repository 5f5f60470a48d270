// Cases of CPython's test_streams.py (3.13) keep their name in a comment.
import { once } from 'node:events';
import { gather, waitFor } from '@ringloop/core';
import {
  openConnection,
  type SelectorEventLoop,
  SO_SNDBUF,
  Socket,
  type SocketAddress,
  SOL_SOCKET,
  startServer,
  StreamReader,
  StreamReaderProtocol,
  StreamWriter,
} from '@ringloop/net';
import { expect } from 'chai';
import { inspect } from 'node:util';
import { collectGarbage } from '../../core/collect-garbage.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { drain } from '../linked.js';
import { rejection, thrownBy } from '../../rejection.js';

async function pair(): Promise<{ reader: StreamReader; writer: StreamWriter; peer: Socket }> {
  const [ours, peer] = Socket.socketpair();
  ours.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
  const [reader, writer] = await openConnection({ sock: ours });
  return { reader, writer, peer };
}

describe('net/stream-writer and stream-reader-protocol', () => {
  it('StreamWriter sends what it is given, and ends its side alone', () =>
    inLoop(async (loop) => {
      const { reader, writer, peer } = await pair();
      expect(writer.canWriteEof()).to.equal(true);
      writer.write(Buffer.from('a'));
      writer.writelines([Buffer.from('b'), Buffer.from('c')]);
      writer.writeEof();
      expect(String(await loop.sockRecv(peer, 100))).to.equal('abc');
      expect(await loop.sockRecv(peer, 100)).to.have.length(0);
      await loop.sockSendall(peer, Buffer.from('answer'));
      expect(String(await reader.read(100))).to.equal('answer');
      expect(await thrownBy(() => writer.write(Buffer.from('d')))).to.have.property(
        'code',
        'ERR_WRITE_AFTER_EOF',
      );
      expect(writer.getExtraInfo('socket').fileno()).to.be.at.least(0);
      expect(writer.getExtraInfo('nothing', 5)).to.equal(5);
      expect(inspect(writer)).to.match(
        /^<StreamWriter transport=<StreamTransport .*> reader=<StreamReader .*>>$/,
      );
      writer.close();
      await writer.waitClosed();
      peer.close();
    }));

  it('StreamWriter.drain() waits while the peer does not read, also for several tasks', () =>
    inLoop(async (loop) => {
      const { writer, peer } = await pair();
      await writer.drain();
      writer.write(Buffer.alloc(1_000_000, 'x'));
      let drained = 0;
      const drainer = () => async (): Promise<void> => {
        await writer.drain();
        drained++;
      };
      const all = gather([drainer(), drainer(), drainer()]);
      expect(await rejection(waitFor(writer.drain(), 0))).to.have.property('code', 'ERR_TIMEOUT');
      await iterations(loop, 5);
      expect(drained).to.equal(0);
      let received = 0;
      while (drained < 3) {
        received += drain(peer).length;
        await iterations(loop, 1);
      }
      await all;
      writer.close();
      const closed = loop.createTask(() => writer.waitClosed());
      while (!closed.done()) {
        received += drain(peer).length;
        await iterations(loop, 1);
      }
      received += drain(peer).length;
      expect(received).to.equal(1_000_000);
      peer.close();
    }));

  it('StreamWriter.drain() rejects once the peer is gone, in a task that never waits otherwise', () =>
    inLoop(async () => {
      const { writer, peer } = await pair(); // test_drain_raises
      peer.close();
      const error = await rejection(
        (async () => {
          for (;;) {
            writer.write(Buffer.from('foo\n'));
            await writer.drain();
          }
        })(),
      );
      expect(error.code).to.match(/^(ECONNRESET|EPIPE)$/);
      expect(await rejection(writer.waitClosed())).to.have.property('code', 'EPIPE');
    }));

  it('StreamWriter.drain() rejects after close()', () =>
    inLoop(async () => {
      const { writer, peer } = await pair(); // test_async_writer_api_exception_after_close
      writer.close();
      writer.write(Buffer.from('data'));
      expect(await rejection(writer.drain())).to.include({ code: 'ECONNRESET', message: 'Connection lost' });
      peer.close();
    }));

  it('StreamWriter.drain() rejects with the error of the reader', () =>
    inLoop(async () => {
      const { reader, writer, peer } = await pair();
      const error = new Error('no');
      reader.setException(error);
      expect(await rejection(writer.drain())).to.equal(error);
      writer.close();
      peer.close();
    }));

  it('StreamWriter.waitClosed() ends for all, though one was cancelled', () =>
    inLoop(async (loop) => {
      const { reader, writer, peer } = await pair(); // test_wait_closed_on_close, test_eof_feed_when_closing_writer
      const first = loop.createTask(() => writer.waitClosed());
      const second = loop.createTask(() => writer.waitClosed());
      await iterations(loop, 2);
      first.cancel();
      expect(writer.isClosing()).to.equal(false);
      writer.close();
      expect(writer.isClosing()).to.equal(true);
      await second;
      expect(first.cancelled()).to.equal(true);
      await writer.waitClosed();
      expect(reader.atEof()).to.equal(true);
      peer.close();
    }));

  it('StreamWriter closes with await using', () =>
    inLoop(async () => {
      const { writer, peer } = await pair();
      await writer[Symbol.asyncDispose]();
      expect(writer.isClosing()).to.equal(true);
      peer.close();
    }));

  it('StreamReader fails with what its connection was lost by', () =>
    inLoop(async (loop) => {
      const { reader, writer, peer } = await pair(); // test_open_connection_error
      const waiting = loop.createTask(() => reader.read());
      await iterations(loop, 2);
      const error = new Error('lost');
      const protocol = (writer.transport as unknown as { getProtocol(): StreamReaderProtocol }).getProtocol();
      protocol.connectionLost(error);
      expect(await rejection(waiting)).to.equal(error);
      expect(await rejection(writer.waitClosed())).to.equal(error);
      writer.transport.abort();
      await iterations(loop, 2);
      peer.close();
    }));

  it('StreamReaderProtocol makes streams of any transport', () =>
    inLoop(async (loop) => {
      const [ours, peer] = Socket.socketpair();
      const reader = new StreamReader();
      const [transport, protocol] = await loop.connectAcceptedSocket(
        () => new StreamReaderProtocol(reader),
        ours,
      );
      const writer = new StreamWriter(transport, protocol, { reader });
      await loop.sockSendall(peer, Buffer.from('line\n'));
      expect(String(await reader.readline())).to.equal('line\n');
      writer.close();
      await writer.waitClosed();
      peer.close();
      const wrong = { onConnection: 1 as never };
      expect(await thrownBy(() => new StreamReaderProtocol(reader, wrong))).to.be.instanceOf(TypeError);
    }));

  it('StreamReader pauses its connection while nobody reads, and no byte is lost', () =>
    inLoop(async (loop) => {
      const [ours, peer] = Socket.socketpair();
      const [reader, writer] = await openConnection({ sock: ours, limit: 1000 });
      const sent = loop.createTask(() => loop.sockSendall(peer, Buffer.alloc(3_000_000, 'x')));
      await iterations(loop, 20);
      expect([sent.done(), inspect(reader)]).to.satisfy(
        ([done, shown]: [boolean, string]) => !done && shown.endsWith(' paused>'),
      );
      let received = 0;
      while (received < 3_000_000) received += (await reader.read(70_000)).length;
      await sent;
      expect(received).to.equal(3_000_000);
      writer.close();
      await writer.waitClosed();
      peer.close();
    }));

  describe('A StreamWriter that is dropped and not closed', () => {
    /** A connection whose writer nobody has any more. */
    async function dropped(loop: SelectorEventLoop): Promise<{ reader: StreamReader; peer: Socket }> {
      const { reader, peer } = await pair();
      await iterations(loop, 2);
      return { reader, peer };
    }

    async function warned(): Promise<Error & { code?: string }> {
      let got: (Error & { code?: string }) | undefined;
      const warning = once(process, 'warning').then(([each]) => (got = each as Error));
      await collectGarbage(() => got !== undefined);
      expect(got, 'a warning').to.not.equal(undefined);
      return warning;
    }

    it('is warned of, can still be read from, and is closed when the peer has ended its side', () =>
      inLoop(async (loop) => {
        const { reader, peer } = await dropped(loop); // test_unclosed_resource_warnings
        const warning = await warned();
        expect(warning).to.include({ name: 'ResourceWarning', code: 'RINGLOOP_UNCLOSED_WRITER' });
        expect(warning.message).to.match(/^unclosed <StreamWriter transport=/);
        await loop.sockSendall(peer, Buffer.from('still there'));
        expect(String(await reader.read(100))).to.equal('still there');
        peer.shutdown(1);
        expect(await loop.sockRecv(peer, 1)).to.have.length(0); // it is closed
        peer.close();
      }));

    it('is closed at once when the peer has ended its side before', () =>
      inLoop(async (loop) => {
        const { reader, peer } = await dropped(loop);
        peer.shutdown(1);
        expect(await reader.read()).to.have.length(0);
        await warned();
        expect(await loop.sockRecv(peer, 1)).to.have.length(0);
        peer.close();
      }));

    it('is warned of in a server whose function has ended', () =>
      inLoop(async (loop) => {
        // test_unclosed_server_resource_warnings
        const server = await startServer(() => undefined, { host: '127.0.0.1', port: 0 });
        const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
        const peer = new Socket();
        await loop.sockConnect(peer, { host: '127.0.0.1', port });
        const warning = await warned();
        expect(warning).to.include({ name: 'ResourceWarning', code: 'RINGLOOP_UNCLOSED_WRITER' });
        peer.close();
        server.close();
        await server.waitClosed();
      }));
  });
});
