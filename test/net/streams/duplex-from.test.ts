import { itWithEpoll } from '../backend.js';
import { once } from 'node:events';
import http from 'node:http';
import { Duplex, PassThrough, Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { inspect } from 'node:util';
import {
  duplexFrom,
  openConnection,
  SHUT_WR,
  type SelectorEventLoop,
  SO_SNDBUF,
  Socket,
  type SocketAddress,
  SOL_SOCKET,
  startServer,
  type StreamReader,
  type StreamTransport,
  type StreamWriter,
  type TransportDuplexOptions,
} from '@ringloop/net';
import { expect } from 'chai';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { drain, linked } from '../linked.js';
import { rejection, thrownBy } from '../../rejection.js';

interface Ends {
  readonly reader: StreamReader;
  readonly writer: StreamWriter;
  readonly peer: Socket;
}

async function pair(): Promise<Ends> {
  const [ours, peer] = Socket.socketpair();
  ours.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
  const [reader, writer] = await openConnection({ sock: ours });
  return { reader, writer, peer };
}

async function duplexPair(options: TransportDuplexOptions = {}): Promise<Ends & { duplex: Duplex }> {
  const ends = await pair();
  return { ...ends, duplex: duplexFrom([ends.reader, ends.writer], options) };
}

const closed = (duplex: Duplex): Promise<unknown> =>
  duplex.closed ? Promise.resolve() : new Promise((resolve) => duplex.once('close', resolve));

/** Reads until the end. Unlike `for await`, and what is made of it, this does not destroy the stream. */
async function readAll(duplex: Duplex): Promise<string> {
  let all = '';
  duplex.on('data', (chunk: Buffer) => (all += chunk.toString()));
  await once(duplex, 'end');
  return all;
}

/** Reads what the peer gets until the stream ends. */
async function received(loop: SelectorEventLoop, peer: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = await loop.sockRecv(peer, 65_536);
    if (chunk.length === 0) return Buffer.concat(chunks);
    chunks.push(chunk);
  }
}

describe('net/duplex-from', () => {
  it('duplexFrom() echoes through pipeline(), with every byte', () =>
    inLoop(async (loop) => {
      const server = await startServer(
        async (...streams) => {
          const duplex = duplexFrom(streams);
          await pipeline(duplex, new PassThrough(), duplex);
        },
        { host: '127.0.0.1', port: 0 },
      );
      const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
      const client = duplexFrom(await openConnection({ host: '127.0.0.1', port }));
      const data = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => i % 251));
      const [back] = await Promise.all([
        buffer(client),
        pipeline(Readable.from([data]), client, { end: true }),
      ]);
      expect(back.equals(data)).to.equal(true);
      await closed(client);
      server.close();
      await server.waitClosed();
      await iterations(loop, 1);
    }));

  itWithEpoll(
    'its peer is a Socket in the same loop',
    'duplexFrom() gives first what the reader has, and the end that it has seen',
    () =>
      inLoop(async (loop) => {
        for (const isEnded of [false, true]) {
          const { reader, writer, peer } = await pair();
          await loop.sockSendall(peer, Buffer.from('line\nfirst '));
          await reader.readline();
          if (isEnded) {
            peer.shutdown(SHUT_WR);
            while (!inspect(reader).includes(' eof')) await iterations(loop, 1);
          }
          const duplex = duplexFrom([reader, writer]);
          if (!isEnded) {
            await loop.sockSendall(peer, Buffer.from('second'));
            peer.shutdown(SHUT_WR);
          }
          expect(await readAll(duplex)).to.equal(isEnded ? 'first ' : 'first second');
          expect(await rejection(reader.read())).to.have.property('code', 'ERR_INVALID_STATE');
          duplex.end('bye');
          expect(String(await received(loop, peer))).to.equal('bye');
          await closed(duplex);
          await writer.waitClosed();
          peer.close();
        }
      }),
  );

  itWithEpoll('its peer is a Socket in the same loop', 'duplexFrom() takes a transport', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      const duplex = duplexFrom(transport);
      await loop.sockSendall(peer, Buffer.from('data'));
      const [chunk] = (await once(duplex, 'data')) as [Buffer];
      expect([String(chunk), protocol.text]).to.deep.equal(['data', '']);
      duplex.destroy();
      await closed(duplex);
      peer.close();
    }),
  );

  itWithEpoll(
    'how much Node has read ahead cannot be seen',
    'duplexFrom() pauses the connection while the readable side is full',
    () =>
      inLoop(async (loop) => {
        const { duplex, peer } = await duplexPair({ readableHighWaterMark: 1000 });
        const sending = loop.createTask(async () => {
          await loop.sockSendall(peer, Buffer.alloc(3_000_000, 'x'));
          peer.shutdown(SHUT_WR);
        });
        await iterations(loop, 20);
        expect(sending.done()).to.equal(false);
        expect(await buffer(duplex)).to.have.length(3_000_000);
        await sending;
        duplex.end();
        await closed(duplex);
        peer.close();
      }),
  );

  it('duplexFrom() ends a write when the system has taken all of it', () =>
    inLoop(async (loop) => {
      const { duplex, peer } = await duplexPair();
      let written = false;
      duplex.write(Buffer.alloc(100_000, 'x'), () => (written = true));
      await iterations(loop, 5);
      expect([written, duplex.writableNeedDrain]).to.deep.equal([false, true]);
      for (let got = 0; got < 100_000;) {
        got += drain(peer).length;
        await iterations(loop, 1);
      }
      expect([written, duplex.writableNeedDrain]).to.deep.equal([true, false]);
      duplex.destroy();
      await closed(duplex);
      peer.close();
    }));

  itWithEpoll(
    'its peer is a Socket in the same loop',
    'duplexFrom() emits finish when everything is sent, and writes many chunks at once',
    () =>
      inLoop(async (loop) => {
        const { duplex, peer } = await duplexPair();
        duplex.cork();
        for (let i = 0; i < 100; i++) duplex.write(Buffer.alloc(1000, 'x'));
        duplex.end();
        let finished = false;
        duplex.once('finish', () => (finished = true));
        await iterations(loop, 5);
        expect(finished).to.equal(false);
        expect(await received(loop, peer)).to.have.length(100_000);
        await iterations(loop, 2);
        expect(finished).to.equal(true);
        duplex.destroy();
        await closed(duplex);
        peer.close();
      }),
  );

  itWithEpoll(
    'its peer is a Socket in the same loop',
    'duplexFrom() keeps our side open after the peer has ended its side, unless allowHalfOpen is false',
    () =>
      inLoop(async (loop) => {
        for (const allowHalfOpen of [true, false]) {
          const { duplex, peer } = await duplexPair({ allowHalfOpen });
          peer.shutdown(SHUT_WR);
          expect(await readAll(duplex)).to.equal('');
          if (allowHalfOpen) {
            await iterations(loop, 5);
            expect(duplex.writable).to.equal(true);
            duplex.end('late');
          }
          expect(String(await received(loop, peer))).to.equal(allowHalfOpen ? 'late' : '');
          await closed(duplex);
          peer.close();
        }
      }),
  );

  it('duplexFrom() aborts the connection in destroy(), and fails the write that waits', () =>
    inLoop(async (loop) => {
      for (const error of [null, new Error('mine')]) {
        const { duplex, writer, peer } = await duplexPair();
        const errors: unknown[] = [];
        duplex.on('error', (each) => errors.push(each));
        const written = new Promise((resolve) => {
          duplex.write(Buffer.alloc(1_000_000), resolve);
        });
        await iterations(loop, 2);
        duplex.destroy(error ?? undefined);
        expect(writer.isClosing()).to.equal(true);
        expect(await written).to.satisfy((thrown: unknown) =>
          error === null ? (thrown as { code: string }).code === 'ECANCELED' : thrown === error,
        );
        await closed(duplex);
        expect(errors).to.deep.equal(error === null ? [] : [error]);
        expect(writer.getExtraInfo('socket').fileno()).to.equal(-1); // 'close' comes when the descriptor is closed
        peer.close();
      }
    }));

  it('duplexFrom() is destroyed with the error by which the connection is lost', () =>
    inLoop(async () => {
      const { duplex, writer, peer } = await duplexPair();
      peer.close();
      duplex.write('a');
      const error = await rejection(pipeline(duplex, new PassThrough().resume()));
      expect(error.code).to.match(/^(EPIPE|ECONNRESET)$/);
      expect(await rejection(writer.waitClosed())).to.equal(error);
    }));

  itWithEpoll(
    'its peer is a Socket in the same loop',
    'duplexFrom() fails the write that finds the connection broken, or closed by others',
    () =>
      inLoop(async () => {
        for (const many of [false, true]) {
          const { duplex, peer } = await duplexPair();
          const failed = once(duplex, 'error');
          peer.close();
          duplex.cork();
          const results = [1, 2].slice(0, many ? 2 : 1).map(
            () =>
              new Promise<unknown>((resolve) => {
                duplex.write('a', resolve);
              }),
          );
          duplex.uncork();
          const [error] = (await failed) as [Error];
          expect(error).to.have.property('code', 'EPIPE');
          for (const result of await Promise.all(results)) expect(result).to.equal(error);
        }

        const { duplex, writer, peer } = await duplexPair();
        const failed = once(duplex, 'error');
        writer.transport.abort(); // connectionLost comes in the next iteration
        const result = new Promise<unknown>((resolve) => {
          duplex.write('a', resolve);
        });
        expect(await result)
          .to.equal((await failed)[0])
          .and.to.have.property('code', 'EPIPE');
        peer.close();
      }),
  );

  itWithEpoll(
    'its peer is a Socket in the same loop',
    'duplexFrom() fails the read of the reader that was woken and has not gone on',
    () =>
      inLoop(async (loop) => {
        const { reader, writer, peer } = await pair();
        const line = loop.createTask(() => reader.readline());
        await iterations(loop, 2);
        reader.feedData(Buffer.from('begin'));
        const duplex = duplexFrom([reader, writer]);
        expect(await rejection(line)).to.have.property('code', 'ERR_INVALID_STATE');
        const [chunk] = (await once(duplex, 'data')) as [Buffer];
        expect(String(chunk)).to.equal('begin');
        duplex.destroy();
        await closed(duplex);
        peer.close();
      }),
  );

  itWithEpoll(
    'its peer is a Socket in the same loop',
    'duplexFrom() gives what has come in when others close the transport, and refuses more writes',
    () =>
      inLoop(async (loop) => {
        const { duplex, writer, peer } = await duplexPair();
        await loop.sockSendall(peer, Buffer.from('last'));
        await iterations(loop, 3);
        writer.close();
        await writer.waitClosed();
        expect(await text(duplex)).to.equal('last');
        await closed(duplex);
        peer.close();

        const other = await duplexPair();
        other.writer.transport.abort();
        await other.writer.waitClosed();
        const failed = once(other.duplex, 'error');
        other.duplex.write('late');
        expect((await failed)[0]).to.have.property('code', 'EPIPE');
        other.peer.close();
      }),
  );

  it('duplexFrom() reports a write after the writer has ended our side', () =>
    inLoop(async () => {
      const { reader, writer, peer } = await pair();
      writer.writeEof();
      const duplex = duplexFrom([reader, writer]);
      const failed = once(duplex, 'error');
      duplex.write('late');
      expect((await failed)[0]).to.have.property('code', 'ERR_WRITE_AFTER_EOF');
      await closed(duplex);
      peer.close();
    }));

  it('duplexFrom() serves HTTP of Node', () =>
    inLoop(async () => {
      const site = http.createServer((request, response) => {
        request.pipe(response);
      });
      const server = await startServer(
        (...streams) => {
          site.emit('connection', duplexFrom(streams));
        },
        { host: '127.0.0.1', port: 0 },
      );
      const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
      const connection = duplexFrom(await openConnection({ host: '127.0.0.1', port }));
      const request = http.request({ method: 'POST', createConnection: () => connection });
      request.end('a'.repeat(100_000));
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      expect(await text(response)).to.equal('a'.repeat(100_000));
      connection.destroy();
      await closed(connection);
      server.close();
      await server.waitClosed();
    }));

  it('duplexFrom() refuses what is no connection, one that is closing, and a reader that is waited for', () =>
    inLoop(async (loop) => {
      const before = openDescriptors();
      const one = await pair();
      const other = await pair();
      for (const source of [null, 5, {}, [], [one.reader], [one.reader, {}], [one.reader, other.writer]]) {
        const error = await thrownBy(() => duplexFrom(source as unknown as StreamTransport));
        expect(error).to.be.instanceOf(TypeError);
        expect(error.code).to.match(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
      }
      const waiting = loop.createTask(() => one.reader.read(1));
      await iterations(loop, 2);
      const refused = (): Promise<unknown> => thrownBy(() => duplexFrom([one.reader, one.writer]));
      expect(await refused()).to.include({ message: 'Cannot take over a reader: a task waits for it' });
      waiting.cancel();
      await iterations(loop, 2);
      one.writer.close();
      expect(await refused()).to.include({ message: 'Cannot make a Duplex: the connection is closing' });
      other.writer.close();
      await Promise.all([one.writer.waitClosed(), other.writer.waitClosed()]);
      one.peer.close();
      other.peer.close();
      expect(openDescriptors()).to.deep.equal(before);
    }));
});
