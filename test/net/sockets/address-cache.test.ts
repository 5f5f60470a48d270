import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, Socket, type SocketAddress } from '@ringloop/net';
import { decodeOften, encodeAddress, encodeOften } from '@ringloop/net/internal';
import { expect } from 'chai';

describe('net/address-cache', () => {
  it('encodeOften() and decodeOften() give what the plain ones give, more often than they remember', () => {
    for (let round = 0; round < 2; round++) {
      for (let port = 1; port < 1200; port++) {
        for (const [family, host] of [
          [AF_INET, '127.0.0.1'],
          [AF_INET6, '::1'],
        ] as const) {
          const bytes = encodeOften(family, { host, port });
          expect(bytes.equals(encodeAddress(family, { host, port }))).to.equal(true);
          expect(decodeOften(bytes, bytes.length)).to.deep.equal({
            address: host,
            port,
            family: family === AF_INET ? 'IPv4' : 'IPv6',
          });
        }
      }
    }
    const path = encodeOften(AF_UNIX, '/some/path');
    expect(decodeOften(path, path.length)).to.equal('/some/path');
    const scoped = encodeOften(AF_INET6, { host: 'fe80::1%lo', port: 1 });
    expect(decodeOften(scoped, scoped.length)).to.include({ address: 'fe80::1%lo' });
  });

  it('encodeOften() refuses what only looks like an address that it knows', () => {
    encodeOften(AF_INET, { host: '127.0.0.1', port: 80 });
    encodeOften(AF_INET6, { host: '::1', port: 80 });
    for (const wrong of [
      { host: ['127.0.0.1'], port: 80 },
      { host: '127.0.0.1', port: '80' },
      { host: '127.0.0.1', port: 80 - 8 * 65_536 }, // its number is that of port 80 of another family
      { host: '::1', port: 8 * 65_536 + 80 },
      { host: '127.0.0.1', port: NaN },
      { host: '127.0.0.1', port: 80, scopeId: 1 },
      null,
      '127.0.0.1',
    ])
      expect(() => encodeOften(AF_INET, wrong as never), JSON.stringify(wrong)).to.throw();
    expect(() => encodeOften(AF_INET6, { host: '127.0.0.1', port: 80 })).to.throw(TypeError);
  });

  it('Socket.recvfrom() gives addresses that nobody can change for others', () => {
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    socket.bind({ host: '127.0.0.1', port: 0 });
    const { address: host, port } = socket.getsockname() as SocketAddress;
    for (let i = 0; i < 2; i++) {
      socket.sendto(Buffer.from('x'), { host, port });
      const [, from] = socket.recvfrom(1);
      expect(from).to.deep.equal({ address: host, port, family: 'IPv4' });
      expect(() => ((from as { port: number }).port = 0)).to.throw(TypeError);
    }
  });
});
