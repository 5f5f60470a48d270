import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM, Socket } from '@ringloop/net';
import { decodeAddress, encodeAddress } from '@ringloop/net/internal';
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

  it('encodeAddress() takes the scope and the flow label of an IPv6 address (skipped without IPv6)', async function () {
    try {
      new Socket(AF_INET6).close();
    } catch {
      this.skip(); // this machine has no IPv6
    }
    const scopeId = Number(readFileSync('/sys/class/net/lo/ifindex', 'utf8'));
    for (const address of [
      { host: 'fe80::1', port: 9, scopeId },
      { host: 'fe80::1%lo', port: 9, scopeId },
      { host: `fe80::1%${scopeId}`, port: 9 },
      { host: 'fe80::1%lo', port: 9, flowInfo: 0xfffff },
    ]) {
      const bytes = encodeAddress(AF_INET6, address);
      expect(decodeAddress(bytes, bytes.length)).to.deep.equal({
        address: 'fe80::1%lo',
        port: 9,
        family: 'IPv6',
        ...('flowInfo' in address ? { flowInfo: 0xfffff } : {}),
      });
    }
    const gone = encodeAddress(AF_INET6, { host: 'fe80::1', port: 9, scopeId: 0x7fff_fff0 });
    expect(decodeAddress(gone, gone.length)).to.deep.include({ address: 'fe80::1%2147483632' });
  });

  it('encodeAddress() refuses scopes and flow labels that are none, or that contradict the host', async () => {
    for (const [address, code] of [
      [{ host: '::1', port: 1, flowInfo: 0x100000 }, 'ERR_OUT_OF_RANGE'],
      [{ host: '::1', port: 1, flowInfo: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ host: '::1', port: 1, scopeId: 2 ** 32 }, 'ERR_OUT_OF_RANGE'],
      [{ host: '::1', port: 1, scopeId: 1.5 }, 'ERR_OUT_OF_RANGE'],
      [{ host: '::1', port: 1, flowInfo: '5' as unknown as number }, 'ERR_INVALID_ARG_TYPE'],
      [{ host: 'fe80::1%7', port: 1, scopeId: 8 }, 'ERR_INVALID_ARG_VALUE'],
      [{ host: 'fe80::1%0', port: 1 }, 'ERR_INVALID_IP_ADDRESS'],
      [{ host: 'fe80::1%4294967296', port: 1 }, 'ERR_INVALID_IP_ADDRESS'],
    ] as const) {
      expect(await thrownBy(() => encodeAddress(AF_INET6, address)), address.host).to.include({ code });
    }
    const ipv4 = { host: '127.0.0.1', port: 1 };
    for (const address of [
      { ...ipv4, flowInfo: 0 },
      { ...ipv4, scopeId: 0 },
    ])
      expect(await thrownBy(() => encodeAddress(AF_INET, address))).to.include({
        code: 'ERR_INVALID_ARG_VALUE',
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
