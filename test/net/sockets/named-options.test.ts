import { expect } from 'chai';
import {
  AF_INET6,
  AF_UNIX,
  IPPROTO_TCP,
  SO_LINGER,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  SOL_SOCKET,
  type SocketOptionName,
  type SocketOptionValues,
  TCP_KEEPIDLE,
  TCP_USER_TIMEOUT,
} from '@ringloop/net';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { linked } from '../linked.js';
import { thrownBy } from '../../rejection.js';

/** Sets each option twice, to values that differ, and reads it after each. */
function carries(sock: Socket, options: { [K in SocketOptionName]?: SocketOptionValues[K][] }): void {
  for (const [name, values] of Object.entries(options) as [SocketOptionName, never[]][]) {
    for (const value of values) {
      sock.setOption(name, value);
      expect(sock.getOption(name), name).to.equal(value);
    }
  }
}

function ipv6Socket(type: number): Socket | null {
  try {
    return new Socket(AF_INET6, type);
  } catch {
    return null; // this machine has no IPv6
  }
}

describe('net/named-options', () => {
  it('Socket.setOption() and getOption() carry the options of TCP', () => {
    using sock = new Socket();
    carries(sock, {
      reuseAddress: [true, false],
      reusePort: [true, false],
      keepAlive: [true, false],
      keepIdle: [1, 32_767, 60],
      keepInterval: [1, 32_767, 10],
      keepCount: [1, 127, 3],
      noDelay: [true, false],
      linger: [0, 7, 65_535, null],
      userTimeout: [0.001, 16.1, 1.005, 30, 0],
      ttl: [1, 255, 64],
      typeOfService: [0x10, 0],
    });
    expect(sock.getsockopt(IPPROTO_TCP, TCP_KEEPIDLE)).to.equal(60);
  });

  it('Socket.setOption() and getOption() carry the options of UDP', () => {
    using sock = new Socket(undefined, SOCK_DGRAM);
    carries(sock, { broadcast: [true, false], multicastTtl: [0, 255, 1], multicastLoopback: [false, true] });
  });

  it('Socket.setOption() uses the numbers of IPv6 for an IPv6 socket (skipped without IPv6)', function () {
    using sock = ipv6Socket(SOCK_DGRAM);
    if (sock === null) return this.skip();
    carries(sock, {
      v6only: [true, false],
      ttl: [1, 255, 64],
      typeOfService: [0x10, 0],
      multicastTtl: [0, 255, 1],
      multicastLoopback: [false, true],
    });
  });

  it('Socket.getOption() reads twice the buffer that was set', () => {
    using sock = new Socket();
    sock.setOption('sendBuffer', 16_384);
    sock.setOption('receiveBuffer', 8192);
    expect([sock.getOption('sendBuffer'), sock.getOption('receiveBuffer')]).to.deep.equal([32_768, 16_384]);
  });

  it('Socket.getOption() reads whether a socket listens, which nobody can set', async () => {
    using sock = new Socket();
    expect(sock.getOption('listening')).to.equal(false);
    sock.bind({ host: '127.0.0.1', port: 0 });
    sock.listen();
    expect(sock.getOption('listening')).to.equal(true);
    // @ts-expect-error -- what JavaScript may do
    expect(await thrownBy(() => sock.setOption('listening', false))).to.include({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
      message: "Socket option 'listening' can only be read",
    });
  });

  it('Socket.setOption() with linger 0 makes close() reset the connection', async () => {
    using server = new Socket();
    server.bind({ host: '127.0.0.1', port: 0 });
    server.listen();
    const name = server.getsockname();
    const client = new Socket();
    client.tryConnect(typeof name === 'string' ? name : { host: name.address, port: name.port });
    const [served] = server.accept();
    client.setOption('linger', 0);
    expect(client.getsockopt(SOL_SOCKET, SO_LINGER, 8)).to.deep.equal(
      Buffer.from(new Int32Array([1, 0]).buffer),
    );
    client.close();
    expect(await thrownBy(() => served.recv(1))).to.include({ code: 'ECONNRESET' });
    served.close();
  });

  it('Socket.setOption() never rounds a user timeout to 0, which is the default of the system', () => {
    using sock = new Socket();
    sock.setOption('userTimeout', 0.0001);
    expect(sock.getsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT)).to.equal(1);
  });

  it('Socket.setOption() refuses wrong values before anything is done', async () => {
    using sock = new Socket();
    const before = openDescriptors().size;
    const set = sock.setOption.bind(sock) as (name: string, value: unknown) => void; // as JavaScript may call it
    for (const [name, value] of [
      ['keepIdle', 0],
      ['keepIdle', 32_768],
      ['keepCount', 128],
      ['keepInterval', 1.5],
      ['ttl', 0],
      ['ttl', 256],
      ['typeOfService', -1],
      ['sendBuffer', -1],
      ['receiveBuffer', 2 ** 31],
      ['linger', 65_536],
      ['linger', -1],
      ['userTimeout', -0.5],
      ['userTimeout', NaN],
      ['userTimeout', 3_000_000],
    ] as const) {
      expect(await thrownBy(() => set(name, value)), `${name} ${value}`).to.include({
        name: 'RangeError',
        code: 'ERR_OUT_OF_RANGE',
      });
    }
    for (const [name, value] of [
      ['keepAlive', 1],
      ['noDelay', undefined],
      ['keepIdle', '60'],
      ['linger', true],
      ['linger', undefined],
      ['userTimeout', '1'],
    ] as const) {
      expect(await thrownBy(() => set(name, value)), `${name} ${value}`).to.include({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
      });
    }
    expect([
      sock.getOption('keepAlive'),
      sock.getOption('linger'),
      sock.getOption('userTimeout'),
    ]).to.deep.equal([false, null, 0]);
    expect(openDescriptors().size).to.equal(before);
  });

  it('Socket.setOption() and getOption() refuse names that are none', async () => {
    using sock = new Socket();
    for (const name of ['tcpNoDelay', 'toString', '__proto__', '', 5, null, {}] as unknown as 'noDelay'[]) {
      for (const refused of [() => sock.setOption(name, true), () => sock.getOption(name)]) {
        expect(await thrownBy(refused)).to.include({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
      }
    }
  });

  it('Socket.setOption() and getOption() throw what the system says of other kinds of sockets, and of closed ones', async () => {
    const [a, b] = Socket.socketpair(AF_UNIX, SOCK_STREAM);
    expect(await thrownBy(() => a.setOption('keepIdle', 1))).to.include({
      code: 'ENOTSUP',
      syscall: 'setsockopt',
    });
    expect(await thrownBy(() => a.getOption('ttl'))).to.include({
      code: 'ENOTSUP',
      syscall: 'getsockopt',
    });
    a.close();
    b.close();
    expect(await thrownBy(() => a.setOption('reuseAddress', true))).to.include({ code: 'EBADF' });
    expect(await thrownBy(() => a.getOption('linger'))).to.include({ code: 'EBADF' });
  });

  it('TransportSocket has the same options, and no way to block', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      const sock = transport.getExtraInfo('socket');
      sock.setOption('receiveBuffer', 8192);
      expect(sock.getOption('receiveBuffer')).to.equal(16_384);
      using plain = new Socket();
      for (const each of [sock, plain]) {
        each.setblocking(false);
        each.settimeout(0);
        expect(each.gettimeout()).to.equal(0);
        const outOfRange = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
        for (const seconds of [1, -1, 0.5, NaN, null])
          expect(await thrownBy(() => each.settimeout(seconds))).to.include(outOfRange);
        expect(await thrownBy(() => each.setblocking(true))).to.include({
          name: 'TypeError',
          code: 'ERR_INVALID_ARG_VALUE',
        });
        const invalid = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
        expect(await thrownBy(() => each.settimeout('0' as unknown as number))).to.include(invalid);
        expect(await thrownBy(() => each.setblocking(0 as unknown as boolean))).to.include(invalid);
      }
      transport.abort();
      peer.close();
    }));
});
