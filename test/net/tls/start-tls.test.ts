import { expect } from 'chai';
import {
  type BufferedProtocol,
  openConnection,
  type SelectorEventLoop,
  Socket,
  startServer,
  type StreamReader,
  type StreamWriter,
} from '@ringloop/net';
import { rejection } from '../../rejection.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { Recorder } from '../recorder.js';
import { certificates } from './certificates.js';
import { portOf } from './port-of.js';

async function linked(loop: SelectorEventLoop): Promise<[Recorder, Recorder]> {
  const S = new Recorder(loop);
  const server = await loop.createServer(() => S, { host: '127.0.0.1', port: 0 });
  const [, C] = await loop.createConnection(() => new Recorder(loop), {
    host: '127.0.0.1',
    port: portOf(server),
  });
  await S.made;
  server.close();
  return [S, C];
}

describe('net/start-tls', () => {
  it('encrypts a connection of transports, and connectionMade() is not called', () =>
    inLoop(async (loop) => {
      const { ca, server: ssl } = certificates();
      const [S, C] = await linked(loop);
      C.transport.write(Buffer.from('clear'));
      await S.received(5);
      const [s, c] = [new Recorder(loop), new Recorder(loop)];
      for (const each of [s, c]) each.state = 'connected';
      const [served, transport] = await Promise.all([
        loop.startTls(S.transport, s, ssl, { serverSide: true }),
        loop.startTls(C.transport, c, { ca }, { serverHostname: 'localhost' }),
      ]);
      expect(C.transport.isClosing()).to.equal(true);
      transport.write(Buffer.from('secret'));
      await s.received(6);
      served.close();
      await Promise.all([s.lost, c.lost]);
      expect([S.log, C.log]).to.deep.equal([['made', 'data clear'], ['made']]);
      expect([s.log, c.log]).to.deep.equal([
        ['data secret', 'lost null'],
        ['eof', 'lost null'],
      ]);
    }));

  // test_sslproto: test_start_tls_client_buf_proto_1
  it('goes on with a BufferedProtocol', () =>
    inLoop(async (loop) => {
      const { ca, server: ssl } = certificates();
      const [S, C] = await linked(loop);
      const room = Buffer.alloc(4);
      const done = loop.createFuture<undefined>();
      let text = '';
      const lender: BufferedProtocol = {
        getBuffer: () => room,
        bufferUpdated: (bytes) => {
          text += room.toString('latin1', 0, bytes);
          if (text.length === 10) done.setResult(undefined);
        },
      };
      const [served, transport] = await Promise.all([
        loop.startTls(S.transport, new Recorder(loop), ssl, { serverSide: true }),
        loop.startTls(C.transport, lender, { ca }, { serverHostname: 'localhost' }),
      ]);
      served.setProtocol({});
      served.write(Buffer.from('ten bytes.'));
      await done;
      expect(text).to.equal('ten bytes.');
      transport.abort();
      served.abort();
      await iterations(loop, 2);
    }));

  it('sends what was written before in the clear', () =>
    inLoop(async (loop) => {
      const { ca, server: ssl } = certificates();
      const [S, C] = await linked(loop);
      const before = Buffer.alloc(3_000_000, 'x');
      C.transport.write(before); // more than the system takes at once
      const c = new Recorder(loop);
      c.state = 'connected';
      const upgraded = loop.createTask(() =>
        loop.startTls(C.transport, c, { ca }, { serverHostname: 'localhost' }),
      );
      await S.received(before.byteLength);
      const extra = Buffer.concat(S.chunks).subarray(before.byteLength); // the beginning of the handshake, perhaps
      const s = new Recorder(loop);
      s.state = 'connected';
      if (extra.byteLength === 0) {
        await loop.startTls(S.transport, s, ssl, { serverSide: true });
        (await upgraded).abort();
        await s.lost;
      } else {
        S.transport.abort();
        await rejection(upgraded);
      }
      expect(Buffer.concat(S.chunks).subarray(0, before.byteLength).equals(before)).to.equal(true);
    }));

  it('refuses wrong arguments', () =>
    inLoop(async (loop) => {
      const { server: ssl } = certificates();
      const [S, C] = await linked(loop);
      const p = new Recorder(loop);
      for (const wrong of [null, undefined, true, 'ssl']) {
        const error = await rejection(loop.startTls(C.transport, p, wrong as never));
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message).to.match(/^ssl is expected to be an instance of SSLContext, got /);
      }
      const none = await rejection(loop.startTls({} as never, p, ssl));
      expect(none.message).to.equal('transport {} is not supported by start_tls()');
      expect(await rejection(loop.startTls(C.transport, null as never, ssl))).to.be.instanceOf(TypeError);
      expect(
        await rejection(loop.startTls(C.transport, p, ssl, { sslHandshakeTimeout: 0 })),
      ).to.be.instanceOf(RangeError);
      expect(C.transport.isClosing()).to.equal(false); // nothing has happened to it
      C.transport.abort();
      expect(await rejection(loop.startTls(C.transport, p, ssl))).to.include({
        code: 'ERR_TRANSPORT_CLOSING',
      });
      await Promise.all([S.lost, C.lost]);
    }));

  it('closes the connection when the handshake fails, and when it is cancelled', () =>
    inLoop(async (loop) => {
      const [S, C] = await linked(loop);
      const task = loop.createTask(() =>
        loop.startTls(C.transport, new Recorder(loop), {}, { serverHostname: 'a' }),
      );
      await S.received(1);
      S.transport.write(Buffer.from('220 that is no TLS\r\n'));
      expect(await rejection(task)).to.have.property('name', 'SslError');
      await S.lost;
      const [T, D] = await linked(loop);
      const other = loop.createTask(() =>
        loop.startTls(D.transport, new Recorder(loop), {}, { serverHostname: 'a' }),
      );
      await T.received(1);
      other.cancel();
      expect(await rejection(other)).to.have.property('name', 'CancelledError');
      await T.lost;
      await iterations(loop, 1);
    }));

  it('encrypts streams after both sides have agreed, with what has come in already', () =>
    inLoop(async (loop) => {
      const { ca, server: ssl } = certificates();
      const ended = loop.createFuture<undefined>();
      const serve = async (reader: StreamReader, writer: StreamWriter): Promise<void> => {
        expect((await reader.readline()).toString()).to.equal('STARTTLS\n');
        while ((await peek(reader)) === 0) await iterations(loop, 1); // the client did not wait
        await writer.startTls(ssl);
        expect((await reader.readline()).toString()).to.equal('secret\n');
        writer.write(Buffer.from('well kept\n'));
        writer.close();
        await writer.waitClosed();
        ended.setResult(undefined);
      };
      await using server = await startServer(serve, { host: '127.0.0.1', port: 0 });
      const [reader, writer] = await openConnection({ host: '127.0.0.1', port: portOf(server) });
      writer.write(Buffer.from('STARTTLS\n'));
      await writer.startTls({ ca }, { serverHostname: 'localhost' });
      expect(writer.getExtraInfo('cipher')).to.include({ version: 'TLSv1.3' });
      writer.write(Buffer.from('secret\n'));
      expect((await reader.readline()).toString()).to.equal('well kept\n');
      expect((await reader.read()).byteLength).to.equal(0);
      writer.close();
      await writer.waitClosed();
      await ended;
    }));

  it('refuses while a task reads', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const [reader, writer] = await openConnection({ sock: a });
      const reading = loop.createTask(() => reader.read(1));
      await iterations(loop, 1);
      const error = await rejection(writer.startTls({}));
      expect(error).to.have.property('name', 'InvalidStateError');
      reading.cancel();
      await rejection(reading);
      writer.close();
      b.close();
      await writer.waitClosed();
    }));
});

/** How much a reader has, as it shows itself. */
async function peek(reader: StreamReader): Promise<number> {
  const { inspect } = await import('node:util');
  return Number(/(\d+) bytes/.exec(inspect(reader))?.[1] ?? 0);
}
