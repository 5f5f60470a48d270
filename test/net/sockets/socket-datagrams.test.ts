import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { AF_INET6, AF_UNIX, MSG_PEEK, SOCK_DGRAM, Socket, type SocketAddress } from '@ringloop/net';
import { inLoop } from '../in-loop.js';
import { fieldsOf } from '../fields-of.js';
import { thrownBy } from '../../rejection.js';

function boundTo(family: number | undefined, address: { host: string; port: number } | string): Socket {
  const sock = new Socket(family, SOCK_DGRAM);
  sock.bind(address);
  return sock;
}

describe('net/socket, of datagrams', () => {
  it('Socket.recvfrom() tells who sent, keeps datagrams apart, and loses what does not fit', () =>
    inLoop(async (loop) => {
      using to = boundTo(undefined, { host: '127.0.0.1', port: 0 });
      using from = boundTo(undefined, { host: '127.0.0.1', port: 0 });
      const { port } = to.getsockname() as SocketAddress; // of an IPv4 socket
      for (const text of ['one', '', 'longer than the room', 'last'])
        expect(from.sendto(Buffer.from(text), { host: '127.0.0.1', port })).to.equal(text.length);
      const [first] = await loop.sockRecvfrom(to, 8);
      expect(first.toString()).to.equal('one');
      expect(to.recvfrom(8)).to.deep.equal([Buffer.alloc(0), from.getsockname()]);
      expect(to.recvfrom(4, MSG_PEEK)[0].toString()).to.equal('long');
      expect(to.recvfrom(4)[0].toString()).to.equal('long');
      const room = Buffer.alloc(6, '.');
      expect(to.recvfromInto(room)).to.deep.equal([4, from.getsockname()]);
      expect(room.toString()).to.equal('last..');
      expect(await thrownBy(() => to.recvfrom(8))).to.include({ code: 'EAGAIN', syscall: 'recvfrom' });
      expect(to.tryRecvfromInto(room)).to.equal(-11); // -EAGAIN
    }));

  it('Socket.sendto() and recvfrom() work over IPv6 (skipped without IPv6)', function () {
    let to: Socket;
    try {
      to = boundTo(AF_INET6, { host: '::1', port: 0 });
    } catch {
      return this.skip(); // this machine has no IPv6
    }
    return inLoop(async (loop) => {
      using from = boundTo(AF_INET6, { host: '::1', port: 0 });
      const { port } = to.getsockname() as SocketAddress; // of an IPv6 socket
      from.sendto(Buffer.from('x'), { host: '::1', port, flowInfo: 0, scopeId: 0 });
      expect(await loop.sockRecvfrom(to, 8)).to.deep.equal([Buffer.from('x'), from.getsockname()]);
      to.close();
    });
  });

  it('Socket.sendto() and recvfrom() know Unix sockets by path, by abstract name, and without a name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ringloop-'));
    const path = join(folder, 'sock');
    const name = `\0ringloop-${process.pid}-datagrams`;
    using byPath = boundTo(AF_UNIX, path);
    using byName = boundTo(AF_UNIX, name);
    using nameless = new Socket(AF_UNIX, SOCK_DGRAM);
    byPath.sendto(Buffer.from('a'), name);
    byName.sendto(Buffer.from('b'), path);
    nameless.sendto(Buffer.from('c'), path);
    expect(byName.recvfrom(8)).to.deep.equal([Buffer.from('a'), path]);
    expect(byPath.recvfrom(8)).to.deep.equal([Buffer.from('b'), name]);
    expect(byPath.recvfrom(8)).to.deep.equal([Buffer.from('c'), '']);
    rmSync(folder, { recursive: true });
  });

  it('Socket.recv() of a connected socket throws that a datagram was refused', async () => {
    const closed = boundTo(undefined, { host: '127.0.0.1', port: 0 });
    const { port } = closed.getsockname() as SocketAddress; // of an IPv4 socket
    closed.close();
    using sock = new Socket(undefined, SOCK_DGRAM);
    sock.connect({ host: '127.0.0.1', port });
    sock.send(Buffer.from('x'));
    expect(await thrownBy(() => sock.recv(1))).to.include({ code: 'ECONNREFUSED', syscall: 'recv' });
    expect(await thrownBy(() => sock.recv(1))).to.include({ code: 'EAGAIN' });
  });

  it('Socket.sendto() names the address in its errors', async () => {
    using unix = new Socket(AF_UNIX, SOCK_DGRAM);
    expect(fieldsOf(await thrownBy(() => unix.sendto(Buffer.from('x'), '/nowhere/sock')))).to.deep.equal({
      message: 'sendto ENOENT /nowhere/sock',
      code: 'ENOENT',
      errno: -2,
      syscall: 'sendto',
      address: '/nowhere/sock',
    });
    using inet = new Socket(undefined, SOCK_DGRAM);
    const tooLong = Buffer.alloc(70_000);
    expect(await thrownBy(() => inet.sendto(tooLong, { host: '127.0.0.1', port: 9 }))).to.include({
      code: 'EMSGSIZE',
      address: '127.0.0.1',
      port: 9,
    });
  });

  it('Socket.recvfrom(), sendto() and their kin refuse wrong arguments', async () => {
    using sock = new Socket(undefined, SOCK_DGRAM);
    const to = { host: '127.0.0.1', port: 9 };
    const bytes = Buffer.from('x');
    const any = (value: unknown): never => value as never; // as JavaScript may call it
    for (const [code, refused] of [
      ['ERR_INVALID_ARG_TYPE', () => sock.recvfrom(any('1'))],
      ['ERR_OUT_OF_RANGE', () => sock.recvfrom(-1)],
      ['ERR_OUT_OF_RANGE', () => sock.recvfrom(1, 2 ** 31)],
      ['ERR_INVALID_ARG_TYPE', () => sock.recvfromInto(any('room'))],
      ['ERR_INVALID_ARG_TYPE', () => sock.recvfromInto(any([1]))],
      ['ERR_INVALID_ARG_TYPE', () => sock.sendto(any('text'), to)],
      ['ERR_INVALID_ARG_TYPE', () => sock.sendto(bytes, any(undefined))],
      ['ERR_INVALID_ARG_TYPE', () => sock.sendto(bytes, '/path')],
      ['ERR_SOCKET_BAD_PORT', () => sock.sendto(bytes, { host: '127.0.0.1', port: 65_536 })],
      ['ERR_INVALID_IP_ADDRESS', () => sock.sendto(bytes, { host: '::1', port: 9 })],
      ['ERR_INVALID_ARG_TYPE', () => sock.sendto(bytes, to, any('0'))],
    ] as const)
      expect(await thrownBy(refused)).to.include({ code });
    expect(sock.getsockname()).to.include({ port: 0 }); // nothing was sent: it would have a port
    sock.close();
    expect(await thrownBy(() => sock.recvfrom(1))).to.include({ code: 'EBADF' });
    expect(await thrownBy(() => sock.sendto(bytes, to))).to.include({ code: 'EBADF' });
  });
});
