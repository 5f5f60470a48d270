import { expect } from 'chai';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM, Socket } from '@ringloop/net';
import { thrownBy } from '../../rejection.js';

/** The address that the system gives back after it was bound. */
function boundTo(family: number, address: { host: string; port: number } | string): unknown {
  using sock = new Socket(family, SOCK_STREAM);
  sock.bind(address);
  const bound = sock.getsockname();
  return typeof bound === 'string' ? bound : { ...bound, port: bound.port > 0 };
}

describe('net/sockaddr', () => {
  it('encodeAddress() and decodeAddress() carry IPv4 addresses', () => {
    expect(boundTo(AF_INET, { host: '127.0.0.1', port: 0 })).to.deep.equal({
      address: '127.0.0.1',
      port: true,
      family: 'IPv4',
    });
  });

  it('encodeAddress() takes an empty host for all interfaces', () => {
    expect(boundTo(AF_INET, { host: '', port: 0 })).to.deep.include({ address: '0.0.0.0' });
  });

  it('encodeAddress() and decodeAddress() carry IPv6 addresses (skipped without IPv6)', function () {
    try {
      new Socket(AF_INET6).close();
    } catch {
      this.skip(); // this machine has no IPv6
    }
    expect(boundTo(AF_INET6, { host: '::', port: 0 })).to.deep.equal({
      address: '::',
      port: true,
      family: 'IPv6',
    });
  });

  it('encodeAddress() and decodeAddress() carry abstract Unix names', () => {
    const name = `\0ringloop-test-${process.pid}`;
    expect(boundTo(AF_UNIX, name)).to.equal(name);
  });

  it('decodeAddress() knows an unbound Unix socket as an empty path', () => {
    using sock = new Socket(AF_UNIX);
    expect(sock.getsockname()).to.equal('');
  });

  it('encodeAddress() refuses a name, which only a resolver can turn into an address', async () => {
    using sock = new Socket();
    const error = await thrownBy(() => sock.bind({ host: 'localhost', port: 0 }));
    expect(error).to.be.instanceOf(TypeError);
    expect(error).to.include({
      code: 'ERR_INVALID_IP_ADDRESS',
      message: 'Invalid IPv4 address: "localhost"',
    });
  });

  it('encodeAddress() refuses a port that does not fit', async () => {
    using sock = new Socket();
    for (const port of [-1, 65_536, 1.5, NaN]) {
      expect(await thrownBy(() => sock.bind({ host: '127.0.0.1', port }))).to.include({
        code: 'ERR_SOCKET_BAD_PORT',
      });
    }
  });

  it('encodeAddress() refuses a path that does not fit, and a null byte in it', async () => {
    using sock = new Socket(AF_UNIX);
    expect(await thrownBy(() => sock.bind('x'.repeat(108)))).to.include({ code: 'ERR_OUT_OF_RANGE' });
    expect(await thrownBy(() => sock.bind('a\0b'))).to.include({ code: 'ERR_INVALID_ARG_VALUE' });
  });

  it('encodeAddress() finds the interface of a scope, and refuses an unknown one (skipped without IPv6)', async function () {
    try {
      new Socket(AF_INET6).close();
    } catch {
      this.skip();
    }
    using sock = new Socket(AF_INET6);
    // Whether this can be bound depends on the machine; that the scope was understood does not.
    expect(await thrownBy(() => sock.connect({ host: 'fe80::1%lo', port: 9 }))).to.have.property(
      'syscall',
      'connect',
    );
    expect(await thrownBy(() => sock.connect({ host: 'fe80::1%nosuch', port: 9 }))).to.include({
      code: 'ERR_INVALID_IP_ADDRESS',
    });
  });

  it('encodeAddress() refuses what is no address at all', async () => {
    using inet = new Socket(AF_INET);
    using unix = new Socket(AF_UNIX);
    for (const nothing of [
      null,
      undefined,
      5,
      {},
      { host: 5, port: 1 },
      { port: 1 },
    ] as unknown as string[]) {
      for (const refused of [
        () => inet.bind(nothing),
        () => inet.connect(nothing),
        () => unix.bind(nothing),
      ]) {
        expect(await thrownBy(refused)).to.include({ code: 'ERR_INVALID_ARG_TYPE' });
      }
    }
  });
});
