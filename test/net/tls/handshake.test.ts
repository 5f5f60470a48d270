import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { expect } from 'chai';
import { SelectorEventLoop, type Server, type SocketAddress, Socket, SslError } from '@ringloop/net';
import { rejection } from '../../rejection.js';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { Recorder } from '../recorder.js';
import { certificates } from './certificates.js';
import { portOf } from './port-of.js';

const LOCAL = { host: '127.0.0.1', port: 0 };

describe('net/handshake', () => {
  it('comes before connectionMade(), on both sides', () =>
    inLoop(async (loop) => {
      const { ca, server: ssl } = certificates();
      const S = new Recorder(loop);
      const server = await loop.createServer(() => S, { ...LOCAL, ssl });
      const [transport, C] = await loop.createConnection(() => new Recorder(loop), {
        host: '127.0.0.1', // the certificate has the address as well
        port: portOf(server),
        ssl: { ca },
      });
      const served = await S.made;
      transport.write(Buffer.from('hello'));
      await S.received(5);
      served.write(Buffer.from('and back'));
      await C.received(8);
      expect([S.text, C.text]).to.deep.equal(['hello', 'and back']);
      for (const each of [transport, served]) {
        expect(each.getExtraInfo('cipher')).to.include({ version: 'TLSv1.3' });
        expect(each.getExtraInfo('ssl_object')).to.be.instanceOf(tls.TLSSocket);
        expect(each.getExtraInfo('sslcontext')).to.have.property('context');
      }
      expect(transport.getExtraInfo('peercert')).to.have.nested.property('subject.CN', 'localhost');
      expect(served.getExtraInfo('peercert')).to.equal(null);
      expect((transport.getExtraInfo('peername') as SocketAddress).port).to.equal(portOf(server));
      transport.close();
      await Promise.all([S.lost, C.lost]);
      expect([S.log, C.log]).to.deep.equal([
        ['made', 'data hello', 'eof', 'lost null'],
        ['made', 'data and back', 'lost null'],
      ]);
      server.close();
      await server.waitClosed();
    }));

  // test_events: test_create_server_ssl_verify_failed, ..._match_failed
  for (const [name, which, options, code] of [
    ['an unknown authority', 'server', {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['a certificate that vouches for itself', 'selfSigned', {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['an expired certificate', 'expired', { trusts: true, serverHostname: 'localhost' }, 'CERT_HAS_EXPIRED'],
    ['another host', 'other', { trusts: true, serverHostname: 'localhost' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['another address', 'other', { trusts: true }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      'an unknown authority without a name to check',
      'server',
      { serverHostname: '' },
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
  ] as const) {
    it(`refuses ${name}, and connectionMade() is not called`, () =>
      inLoop(async (loop) => {
        const all = certificates();
        const { trusts = false, ...rest } = options as { trusts?: boolean; serverHostname?: string };
        const server = await loop.createServer(() => ({}), { ...LOCAL, ssl: all[which] });
        const C = new Recorder(loop);
        const error = await rejection(
          loop.createConnection(() => C, {
            host: '127.0.0.1',
            port: portOf(server),
            ssl: trusts ? { ca: all.ca } : true,
            ...rest,
          }),
        );
        expect(error).to.be.instanceOf(SslError).with.property('code', code);
        expect(error.cause).to.be.instanceOf(Error);
        expect(C.log).to.deep.equal([]);
        server.close();
        await server.waitClosed();
      }));
  }

  it("serverHostname '' switches off the check of the name only", () =>
    inLoop(async (loop) => {
      const { ca, other: ssl } = certificates();
      const server = await loop.createServer(() => ({}), { ...LOCAL, ssl });
      const [transport] = await loop.createConnection(() => ({}), {
        host: '127.0.0.1',
        port: portOf(server),
        ssl: { ca },
        serverHostname: '',
      });
      transport.abort();
      server.close();
      await server.waitClosed();
    }));

  it('refuses wrong options with the words of asyncio', () =>
    inLoop(async (loop) => {
      const sock = new Socket();
      const refusals: [object, string, string][] = [
        [
          { sock, ssl: true },
          'You must set server_hostname when using ssl without a host',
          'ERR_INVALID_ARG_VALUE',
        ],
        [
          { host: 'a', port: 1, serverHostname: 'b' },
          'server_hostname is only meaningful with ssl',
          'ERR_INVALID_ARG_VALUE',
        ],
        [
          { host: 'a', port: 1, sslShutdownTimeout: 1 },
          'ssl_shutdown_timeout is only meaningful with ssl',
          'ERR_INVALID_ARG_VALUE',
        ],
        [
          { host: 'a', port: 1, ssl: true, sslHandshakeTimeout: 0 },
          'ssl_handshake_timeout should be a positive number, got 0',
          'ERR_OUT_OF_RANGE',
        ],
        [
          { host: 'a', port: 1, ssl: true, sslHandshakeTimeout: -10 },
          'ssl_handshake_timeout should be a positive number, got -10',
          'ERR_OUT_OF_RANGE',
        ],
        [
          { host: 'a', port: 1, ssl: true, sslShutdownTimeout: 0 },
          'ssl_shutdown_timeout should be a positive number, got 0',
          'ERR_OUT_OF_RANGE',
        ],
        [
          { host: 'a', port: 1, ssl: 'yes' },
          'ssl must be options of tls.createSecureContext(), or a SecureContext',
          'ERR_INVALID_ARG_TYPE',
        ],
        [
          { host: 'a', port: 1, ssl: true, serverHostname: 5 },
          'serverHostname must be a string, got 5',
          'ERR_INVALID_ARG_TYPE',
        ],
      ];
      for (const [options, message, code] of refusals) {
        const error = await rejection(loop.createConnection(() => ({}), options));
        expect(error.message).to.satisfy((text: string) => text.startsWith(message), error.message);
        expect(error).to.include({ code });
      }
      const unix = await rejection(loop.createUnixConnection(() => ({}), { path: '/nowhere', ssl: true }));
      expect(unix.message).to.equal('you have to pass server_hostname when using ssl');
      const bad = await rejection(
        loop.createServer(() => ({}), { ...LOCAL, ssl: { key: 'no key', cert: 'none' } }),
      );
      expect(bad).to.have.property('code').that.is.a('string');
      sock.close();
    }));

  it('that the peer does not answer ends after sslHandshakeTimeout', () =>
    inLoop(async (loop) => {
      const silent = net.createServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as net.AddressInfo;
      const error = await rejection(
        loop.createConnection(() => ({}), { host: '127.0.0.1', port, ssl: true, sslHandshakeTimeout: 0.02 }),
      );
      expect(error).to.include({ code: 'ECONNABORTED' });
      expect(error.message).to.equal(
        'SSL handshake is taking longer than 0.02 seconds: aborting the connection',
      );
      silent.close();
    }));

  it('that a client does not begin is ended by a server, which serves others', () =>
    inLoop(async (loop) => {
      const { ca, server: ssl } = certificates();
      let factories = 0;
      const factory = (): object => (factories++, {});
      const server = await loop.createServer(factory, { ...LOCAL, ssl, sslHandshakeTimeout: 0.05 });
      const silent = net.connect(portOf(server), '127.0.0.1');
      silent.on('error', () => undefined);
      await once(silent, 'close');
      expect(factories).to.equal(1);
      const [transport] = await loop.createConnection(factory, {
        host: '127.0.0.1',
        port: portOf(server),
        ssl: { ca },
      });
      transport.abort();
      server.close();
      await server.waitClosed();
    }));

  for (const [name, bytes] of [
    ['garbage', Buffer.from('GET / HTTP/1.0\r\n\r\n')],
    ['half a handshake', Buffer.from('16030100c8010000c40303', 'hex')],
    ['nothing', Buffer.alloc(0)],
  ] as const) {
    it(`with ${name} fails on either side, and leaves nothing`, async () => {
      const before = openDescriptors();
      await inLoop(async (loop) => {
        const { server: ssl } = certificates();
        const server = await loop.createServer(() => new Recorder(loop), { ...LOCAL, ssl });
        const client = net.connect(portOf(server), '127.0.0.1');
        client.on('error', () => undefined);
        client.end(bytes);
        client.resume();
        await once(client, 'close');
        server.close();
        await server.waitClosed();

        const other = net
          .createServer((socket) =>
            socket
              .on('error', () => undefined)
              .end(bytes)
              .resume(),
          )
          .listen(0, '127.0.0.1');
        await once(other, 'listening');
        const { port } = other.address() as net.AddressInfo;
        const error = await rejection(
          loop.createConnection(() => ({}), { host: '127.0.0.1', port, ssl: true }),
        );
        expect(error)
          .to.have.property('code')
          .that.is.oneOf([
            'ECONNRESET',
            'ERR_SSL_WRONG_VERSION_NUMBER',
            'ERR_SSL_UNEXPECTED_MESSAGE',
            'ERR_SSL_HTTP_REQUEST',
            'ERR_SSL_PACKET_LENGTH_TOO_LONG',
          ]);
        other.close();
        await once(other, 'close');
      });
      await new Promise(setImmediate);
      expect([...openDescriptors().keys()]).to.deep.equal([...before.keys()]);
    });
  }

  it('asks clients for a certificate, and refuses those without', () =>
    inLoop(async (loop) => {
      const { ca, server: own, client } = certificates();
      const S = new Recorder(loop);
      const ssl = { ...own, ca, requestCert: true };
      const server = await loop.createServer(() => S, { ...LOCAL, ssl });
      const options = { host: '127.0.0.1', port: portOf(server) };
      const C = new Recorder(loop);
      // With TLS 1.3 a client hears of it only after its side of the handshake.
      const refused = await Promise.allSettled([loop.createConnection(() => C, { ...options, ssl: { ca } })]);
      if (refused[0].status === 'fulfilled') expect(await C.lost).to.be.instanceOf(Error);
      expect(S.log).to.deep.equal([]);
      await loop.createConnection(() => new Recorder(loop), { ...options, ssl: { ca, ...client } });
      expect((await S.made).getExtraInfo('peercert')).to.have.nested.property('subject.CN', 'the client');
      S.transport.abort();
      server.close();
      await server.waitClosed();
    }));

  it('chooses by the name of the server, and a protocol of the application', () =>
    inLoop(async (loop) => {
      const { ca, server: own, other } = certificates();
      const asked: string[] = [];
      const ssl = {
        ...own,
        ALPNProtocols: ['h2', 'ringloop/1'],
        SNICallback: (name: string, done: (error: Error | null, context?: tls.SecureContext) => void) => {
          asked.push(name);
          done(null, tls.createSecureContext(other));
        },
      };
      const server = await loop.createServer(() => ({}), { ...LOCAL, ssl });
      const [transport] = await loop.createConnection(() => ({}), {
        host: '127.0.0.1',
        port: portOf(server),
        ssl: { ca, ALPNProtocols: ['ringloop/1'] },
        serverHostname: 'example.com',
      });
      const { alpnProtocol } = transport.getExtraInfo('ssl_object') as tls.TLSSocket;
      expect([asked, alpnProtocol]).to.deep.equal([['example.com'], 'ringloop/1']);
      transport.abort();
      server.close();
      await server.waitClosed();
    }));

  it('takes a SecureContext, on both sides', () =>
    inLoop(async (loop) => {
      const { ca, server: own } = certificates();
      const server = await loop.createServer(() => ({}), { ...LOCAL, ssl: tls.createSecureContext(own) });
      const ssl = tls.createSecureContext({ ca });
      const [transport] = await loop.createConnection(() => ({}), {
        host: '127.0.0.1',
        port: portOf(server),
        ssl,
      });
      expect(transport.getExtraInfo('sslcontext')).to.equal(ssl);
      transport.abort();
      server.close();
      await server.waitClosed();
    }));

  it('is ended by closeClients() and abortClients() of its server', () =>
    inLoop(async (loop) => {
      const { server: ssl } = certificates();
      for (const end of ['closeClients', 'abortClients'] as const) {
        const server = await loop.createServer(() => ({}), { ...LOCAL, ssl });
        const client = net.connect(portOf(server), '127.0.0.1');
        client.on('error', () => undefined);
        await once(client, 'connect');
        while (!Reflect.apply(inspectOf(server), server, []).includes('connections=1'))
          await iterations(loop, 1);
        server.close();
        server[end]();
        await server.waitClosed();
        await once(client, 'close');
      }
    }));

  it('leaves nothing open when it is cancelled, in whichever iteration', async () => {
    const before = openDescriptors();
    for (let after = 0; after < 12; after++) {
      await inLoop(async (loop) => {
        const { ca, server: ssl } = certificates();
        const server = await loop.createServer(() => ({}), { ...LOCAL, ssl });
        const task = loop.createTask(() =>
          loop.createConnection(() => ({}), { host: '127.0.0.1', port: portOf(server), ssl: { ca } }),
        );
        await iterations(loop, after);
        const wasCancelled = task.cancel();
        const [result] = await Promise.allSettled([task]);
        if (result.status === 'fulfilled') result.value[0].abort();
        else if (!wasCancelled) throw result.reason;
        server.close();
        await server.waitClosed();
      });
    }
    await new Promise(setImmediate);
    expect([...openDescriptors().keys()]).to.deep.equal([...before.keys()]);
  });

  it('under way is given up with its loop', async () => {
    const before = openDescriptors();
    const loop = new SelectorEventLoop({ name: 'test' });
    const silent = net.createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as net.AddressInfo;
    await loop.runUntilComplete(async () => {
      const task = loop.createTask(() =>
        loop.createConnection(() => ({}), { host: '127.0.0.1', port, ssl: true }),
      );
      task.addDoneCallback(() => undefined);
      const [accepted] = (await once(silent, 'connection')) as [net.Socket];
      accepted.on('error', () => undefined).resume();
      await iterations(loop, 3);
    });
    loop.close();
    silent.close();
    await once(silent, 'close');
    expect([...openDescriptors().keys()]).to.deep.equal([...before.keys()]);
  });
});

function inspectOf(server: Server): () => string {
  return (server as unknown as Record<symbol, () => string>)[
    Symbol.for('nodejs.util.inspect.custom')
  ] as () => string;
}
