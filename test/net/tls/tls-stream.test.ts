import { inspect } from 'node:util';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { TimeoutError } from '@ringloop/core';
import { expect } from 'chai';
import sinon from 'sinon';
import type { BufferedProtocol, SelectorEventLoop, StreamTransport, Transport } from '@ringloop/net';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { Recorder, type RecorderOptions } from '../recorder.js';
import { certificates } from './certificates.js';
import { portOf } from './port-of.js';

async function connected(
  loop: SelectorEventLoop,
  sides: { server?: RecorderOptions; client?: RecorderOptions } = {},
): Promise<{ S: Recorder; C: Recorder; served: StreamTransport; transport: StreamTransport }> {
  const { ca, server: ssl } = certificates();
  const S = new Recorder(loop, sides.server ?? {});
  const server = await loop.createServer(() => S, { host: '127.0.0.1', port: 0, ssl });
  const [transport, C] = await loop.createConnection(() => new Recorder(loop, sides.client ?? {}), {
    host: '127.0.0.1',
    port: portOf(server),
    ssl: { ca },
  });
  const served = await S.made;
  server.close();
  return { S, C, served, transport };
}

describe('net/tls-stream', () => {
  it('carries more than anybody buffers, and pauses at 512 KiB', () =>
    inLoop(async (loop) => {
      const { S, C, served, transport } = await connected(loop);
      expect(transport.getWriteBufferLimits()).to.deep.equal([131_072, 524_288]);
      served.pauseReading();
      const data = Buffer.alloc(8 * 1024 * 1024, 'abcdefg');
      transport.write(data.subarray(0, 100));
      transport.writelines([data.subarray(100, 5000), data.subarray(5000)]);
      expect(C.log).to.deep.equal(['made', 'pause']);
      await iterations(loop, 20);
      expect(S.byteCount).to.equal(0);
      served.resumeReading();
      transport.close(); // what is buffered is sent first
      await S.lost;
      expect(await C.lost).to.equal(null);
      expect(Buffer.concat(S.chunks).equals(data)).to.equal(true);
      expect(C.log).to.deep.equal(['made', 'pause', 'resume', 'lost null']);
    }));

  it('gives the caller its memory back', () =>
    inLoop(async (loop) => {
      const { S, transport } = await connected(loop);
      const memory = Buffer.from('first');
      transport.write(memory);
      memory.write('later');
      transport.write(memory);
      memory.fill(0);
      await S.received(10);
      expect(S.text).to.equal('firstlater');
      transport.abort();
      await S.lost;
    }));

  it('tells what came before the end, then the end; what eofReceived() returns has no effect', () =>
    inLoop(async (loop) => {
      const warn = sinon.stub(console, 'warn');
      try {
        const { S, transport } = await connected(loop, { server: { keepOpen: true } });
        transport.write(Buffer.from('last words'));
        transport.close();
        expect(await S.lost).to.equal(null);
        expect(S.log).to.deep.equal(['made', 'data last words', 'eof', 'lost null']);
        expect(warn.args).to.deep.equal([
          ['returning true from eof_received() has no effect when using ssl'],
        ]);
      } finally {
        warn.restore();
      }
    }));

  for (const [how, end] of [
    ['ends', (socket: tls.TLSSocket): void => void socket.end()],
    ['resets', (_socket: tls.TLSSocket, raw: net.Socket): void => void raw.resetAndDestroy()],
  ] as const) {
    it(`tells of a client that ${how} as soon as its handshake is over`, () =>
      inLoop(async (loop) => {
        const { ca, server: ssl } = certificates();
        const S = new Recorder(loop);
        const server = await loop.createServer(() => S, { host: '127.0.0.1', port: 0, ssl });
        const raw = net.connect(portOf(server), '127.0.0.1').on('error', () => undefined);
        const client = tls.connect({ socket: raw, ca, servername: 'localhost' }).on('error', () => undefined);
        client.once('secureConnect', () => end(client.resume(), raw));
        if (how === 'ends') {
          await S.lost;
          expect(S.log).to.deep.equal(['made', 'eof', 'lost null']);
        } else {
          await once(raw, 'close');
          // The reset may overtake the end of the handshake: then nobody hears of the connection.
          server.close();
          await server.waitClosed();
          if (S.log.length > 0) expect(S.log.at(-1)).to.match(/^lost (?:ECONNRESET|null)$/);
        }
        server.close();
        await server.waitClosed();
      }));
  }

  it('sends an answer to the end', () =>
    inLoop(async (loop) => {
      const { server: ssl, ca } = certificates();
      const server = tls
        .createServer({ ...ssl, allowHalfOpen: true }, (socket) => socket.end())
        .listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      const answered = once(server, 'secureConnection').then(async ([socket]) => {
        const chunks: Buffer[] = [];
        for await (const chunk of socket as tls.TLSSocket) chunks.push(chunk as Buffer);
        return Buffer.concat(chunks).toString();
      });
      let made: Transport;
      await loop.createConnection(
        () => ({
          connectionMade: (transport) => (made = transport),
          eofReceived: () => made.write(Buffer.from('an answer')),
        }),
        { host: '127.0.0.1', port, ssl: { ca } },
      );
      expect(await answered).to.equal('an answer');
      server.close();
    }));

  it('lends the memory of a BufferedProtocol', () =>
    inLoop(async (loop) => {
      const { served, transport } = await connected(loop);
      const room = Buffer.alloc(4);
      let text = '';
      const done = loop.createFuture<undefined>();
      const lender: BufferedProtocol = {
        getBuffer: () => room,
        bufferUpdated: (bytes) => {
          text += room.toString('latin1', 0, bytes);
          if (text.length === 10) done.setResult(undefined);
        },
      };
      served.setProtocol(lender);
      transport.write(Buffer.from('ten bytes.'));
      await done;
      expect(text).to.equal('ten bytes.');
      transport.abort();
      served.abort();
      await iterations(loop, 2);
    }));

  it('cannot end one side', () =>
    inLoop(async (loop) => {
      const { S, transport } = await connected(loop);
      expect(transport.canWriteEof()).to.equal(false);
      expect(() => transport.writeEof())
        .to.throw()
        .that.includes({ code: 'ERR_NO_HALF_CLOSE' });
      expect(() => transport.detach())
        .to.throw()
        .that.includes({ code: 'ERR_NO_EPOLL' });
      expect(inspect(transport)).to.equal('<StreamTransport open reading=on buffered=0>');
      transport.abort();
      expect(await S.lost).to.equal(null); // a cut looks like an end, as in CPython
    }));

  // uvloop: test_shutdown_timeout
  it('that the peer does not close ends with TimeoutError after sslShutdownTimeout', () =>
    inLoop(async (loop) => {
      const { server: ssl, ca } = certificates();
      const server = tls.createServer({ ...ssl, allowHalfOpen: true }).listen(0, '127.0.0.1');
      const sockets: tls.TLSSocket[] = [];
      server.on('secureConnection', (socket) => sockets.push(socket.on('error', () => undefined))); // never reads, never ends
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      const [transport, C] = await loop.createConnection(() => new Recorder(loop), {
        host: '127.0.0.1',
        port,
        ssl: { ca },
        sslShutdownTimeout: 0.03,
      });
      transport.close();
      const exc = await C.lost;
      expect(exc).to.be.instanceOf(TimeoutError).with.property('message', 'SSL shutdown timed out');
      for (const socket of sockets) socket.destroy();
      server.close();
    }));

  // uvloop: test_write_to_closed_transport
  it('warns from the fifth late write on', () =>
    inLoop(async (loop) => {
      const { S, C, transport } = await connected(loop);
      const warn = sinon.stub(console, 'warn');
      try {
        transport.abort();
        for (let late = 0; late < 6; late++) transport.write(Buffer.from('x'));
        expect(warn.args).to.deep.equal(Array.from({ length: 2 }, () => ['socket.send() raised exception.']));
      } finally {
        warn.restore();
      }
      await Promise.all([S.lost, C.lost]);
    }));

  it('that is broken is told of with what OpenSSL says', () =>
    inLoop(async (loop) => {
      const { S, served, transport } = await connected(loop);
      const raw = (transport.getExtraInfo('ssl_object') as { _parent?: { _handle?: object } })._parent;
      expect(raw).to.not.equal(undefined);
      served.pauseReading();
      served.resumeReading();
      const { fd } = (raw?._handle ?? {}) as { fd?: number };
      if (typeof fd !== 'number') {
        transport.abort();
        return;
      }
      (await import('node:fs')).writeSync(
        fd,
        Buffer.from('this is no record of TLS, and long enough for one'),
      );
      const exc = await S.lost;
      expect(exc).to.have.property('name', 'SslError');
      expect(exc)
        .to.have.property('code')
        .that.matches(/^ERR_SSL_/);
      transport.abort();
    }));
});
