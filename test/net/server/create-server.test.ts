import { spawnSync } from 'node:child_process';
import net from 'node:net';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import {
  AF_INET,
  AF_INET6,
  type SelectorEventLoop,
  type ServerOptions,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_DGRAM,
  Socket,
  type SocketAddress,
  SOL_SOCKET,
} from '@ringloop/net';
import { itWithEpoll, nodeHasReusePort, onHandles } from '../backend.js';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { Recorder } from '../recorder.js';
import { rejection } from '../../rejection.js';
import { fieldsOf } from '../fields-of.js';

const LOCAL: ServerOptions = { host: '127.0.0.1', port: 0 };
const nobody = (): object => ({});

/** Where a server listens, all sockets. */
async function listen(loop: SelectorEventLoop, options: ServerOptions): Promise<SocketAddress[]> {
  const server = await loop.createServer(nobody, options);
  const addresses = (server.sockets ?? []).map((sock) => sock.getsockname() as SocketAddress); // TCP
  server.close();
  return addresses;
}

describe('net/create-server', () => {
  // test_events.EventLoopTestsMixin.test_create_server
  it('createServer() serves a node:net client', () =>
    inLoop(async (loop) => {
      const protocol = new Recorder(loop, { onData: (data, transport) => transport.write(data) });
      const server = await loop.createServer(() => protocol, LOCAL);
      expect(server.sockets).to.have.length(1);
      const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
      const client = net.connect(port, '127.0.0.1');
      client.write('xxx');
      const [echo] = (await once(client, 'data')) as [Buffer];
      expect(echo.toString()).to.equal('xxx');
      expect(protocol.transport.getExtraInfo('peername')).to.deep.equal({
        address: '127.0.0.1',
        port: client.localPort,
        family: 'IPv4',
      });
      protocol.transport.close();
      await once(client, 'close');
      expect(protocol.state).to.equal('closed');
      server.close();
    }));

  // test_events.EventLoopTestsMixin.test_create_server_sock
  it('createServer() serves on a socket that it is given', () =>
    inLoop(async (loop) => {
      const sock = new Socket();
      sock.bind({ host: '127.0.0.1', port: 0 });
      const server = await loop.createServer(nobody, { sock });
      expect(server.sockets?.[0]?.fileno()).to.equal(sock.fileno());
      server.close();
      expect(sock.fileno()).to.equal(-1);
    }));

  // test_events.EventLoopTestsMixin.test_create_server_addr_in_use, uvloop test_tcp.test_create_server_4
  it('createServer() says which address is in use, and leaves nothing open', () =>
    inLoop(async (loop) => {
      const sock = new Socket();
      sock.bind({ host: '127.0.0.1', port: 0 });
      sock.listen(1);
      const { port } = sock.getsockname() as SocketAddress;
      const before = [...openDescriptors().keys()];
      const error = await rejection(loop.createServer(nobody, { host: ['127.0.0.2', '127.0.0.1'], port }));
      expect(fieldsOf(error)).to.deep.equal({
        message: `error while attempting to bind on address ('127.0.0.1', ${port}): [errno 98] address already in use`,
        code: 'EADDRINUSE',
        errno: -98,
        syscall: 'bind',
        address: '127.0.0.1',
        port,
      });
      expect([...openDescriptors().keys()]).to.deep.equal(before);
      sock.close();
    }));

  it('createServer() skips addresses that the machine does not have, until none is left', () =>
    inLoop(async (loop) => {
      expect(await listen(loop, { host: ['203.0.113.1', '127.0.0.1'], port: 0 })).to.have.length(1);
      const error = await rejection(
        loop.createServer(nobody, { host: ['203.0.113.1', '198.51.100.1'], port: 80 }),
      );
      expect(error.message).to.equal(
        "could not bind on any address out of [('203.0.113.1', 80), ('198.51.100.1', 80)]",
      );
      expect(error.code).to.equal('EADDRNOTAVAIL');
    }));

  // test_events.EventLoopTestsMixin.test_create_server_multiple_hosts_ipv4
  it('createServer() takes several hosts, each once', () =>
    inLoop(async (loop) => {
      const addresses = await listen(loop, { host: ['127.0.0.1', '127.0.0.2', '127.0.0.1'], port: 0 });
      expect(addresses.map(({ address }) => address)).to.deep.equal(['127.0.0.1', '127.0.0.2']);
    }));

  // test_base_events.BaseEventLoopWithSelectorTests.test_create_server_empty_host
  it("createServer() takes '' and null for all interfaces of all families", () =>
    inLoop(async (loop) => {
      for (const host of ['', null]) {
        const addresses = await listen(loop, { host, port: 0 });
        expect(addresses.map(({ address }) => address)).to.include('0.0.0.0');
        expect(await listen(loop, { host, port: 0, family: AF_INET })).to.have.length(1);
      }
    }));

  it('createServer() lets both families share a port (skipped without IPv6)', async function () {
    try {
      new Socket(AF_INET6).close();
    } catch {
      this.skip(); // this machine has no IPv6
    }
    await inLoop(async (loop) => {
      const [{ port } = { port: 0 }] = await listen(loop, { host: '', port: 0, family: AF_INET });
      expect((await listen(loop, { host: '', port })).map(({ family }) => family)).to.deep.equal([
        'IPv4',
        'IPv6',
      ]);
    });
  });

  // test_events.EventLoopTestsMixin.test_create_server_reuse_port, uvloop test_tcp.test_create_server_6
  it('createServer() shares a port with reusePort, and only with it (on handles: from Node 22.12 and 23.1 on)', async function () {
    if (onHandles && !nodeHasReusePort) this.skip();
    await inLoop(async (loop) => {
      const alone = await loop.createServer(nobody, LOCAL);
      expect(alone.sockets?.[0]?.getsockopt(SOL_SOCKET, SO_REUSEPORT)).to.equal(0);
      expect(alone.sockets?.[0]?.getsockopt(SOL_SOCKET, SO_REUSEADDR)).to.equal(1);
      const first = await loop.createServer(nobody, {
        ...LOCAL,
        reusePort: true,
        keepAlive: true,
      });
      const sock = first.sockets?.[0];
      expect(sock?.getsockopt(SOL_SOCKET, SO_REUSEPORT)).to.equal(1);
      expect(sock?.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).to.equal(1);
      const { port } = sock?.getsockname() as SocketAddress;
      const second = await loop.createServer(nobody, { host: '127.0.0.1', port, reusePort: true });
      for (const server of [alone, first, second]) server.close();
    });
  });

  itWithEpoll('libuv always sets it', 'createServer() leaves SO_REUSEADDR out on demand', () =>
    inLoop(async (loop) => {
      const server = await loop.createServer(nobody, { ...LOCAL, reuseAddress: false });
      expect(server.sockets?.[0]?.getsockopt(SOL_SOCKET, SO_REUSEADDR)).to.equal(0);
      server.close();
    }),
  );

  itWithEpoll(
    'Node cannot bind without listening',
    'createServer() with startServing false accepts nothing before startServing()',
    () =>
      inLoop(async (loop) => {
        const protocol = new Recorder(loop);
        const server = await loop.createServer(() => protocol, { ...LOCAL, startServing: false });
        expect(server.isServing()).to.equal(false);
        const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
        const refused = await rejection(loop.createConnection(nobody, { host: '127.0.0.1', port }));
        expect(refused.code).to.equal('ECONNREFUSED');
        await server.startServing();
        const [transport] = await loop.createConnection(nobody, { host: '127.0.0.1', port });
        await protocol.made;
        transport.close();
        await protocol.lost;
        server.close();
      }),
  );

  it('createServer() refuses options that contradict each other, with the words of asyncio', () =>
    inLoop(async (loop) => {
      const sock = new Socket();
      const datagrams = new Socket(AF_INET, SOCK_DGRAM);
      const refusals: [ServerOptions, string, string][] = [
        [{}, 'Neither host/port nor sock were specified', 'ERR_INVALID_ARG_VALUE'],
        [
          { sock, port: 80 },
          'host/port and sock can not be specified at the same time',
          'ERR_INVALID_ARG_VALUE',
        ],
        [{ sock: datagrams }, 'A Stream Socket was expected, got ', 'ERR_INVALID_ARG_VALUE'],
        [{ ...LOCAL, ssl: true }, 'ssl argument must be an SSLContext or null', 'ERR_INVALID_ARG_TYPE'],
        [
          { ...LOCAL, sslHandshakeTimeout: 1 },
          'ssl_handshake_timeout is only meaningful with ssl',
          'ERR_INVALID_ARG_VALUE',
        ],
        [{ ...LOCAL, backlog: 1.5 }, 'backlog must be an integer, got 1.5', 'ERR_INVALID_ARG_TYPE'],
        [
          { host: 5 as never, port: 0 },
          'host must be a string, an array of them, or null, got 5',
          'ERR_INVALID_ARG_TYPE',
        ],
        [
          { host: {} as never, port: 0 },
          'host must be a string, an array of them, or null, got {}',
          'ERR_INVALID_ARG_TYPE',
        ],
      ];
      for (const [options, message, code] of refusals) {
        const error = await rejection(loop.createServer(nobody, options));
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message.startsWith(message), error.message).to.equal(true);
        expect(error.code).to.equal(code);
      }
      expect(await rejection(loop.createServer(nobody, { ...LOCAL, backlog: -1 })))
        .to.be.instanceOf(RangeError)
        .with.property('code', 'ERR_OUT_OF_RANGE');
      expect(await rejection(loop.createServer(nobody, { ...LOCAL, port: 65_536 }))).to.be.instanceOf(
        RangeError,
      );
      sock.close();
      datagrams.close();
    }));

  it('createServer() says that descriptors ran out, rather than that there is no such address', () => {
    const program = fileURLToPath(new URL('../fixtures/no-descriptors.js', import.meta.url));
    const limited = ['-c', 'ulimit -n 200 && exec "$0" "$@"', process.execPath, program];
    const { stdout, stderr } = spawnSync('/bin/sh', limited, { encoding: 'utf8' });
    expect([stdout.trim(), stderr]).to.deep.equal(['EMFILE,EMFILE,EMFILE', '']);
  });
});
