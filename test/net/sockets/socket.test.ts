import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import {
  AF_INET,
  AF_UNIX,
  IPPROTO_TCP,
  MSG_PEEK,
  SHUT_WR,
  SO_ACCEPTCONN,
  SO_LINGER,
  SO_REUSEADDR,
  SOCK_STREAM,
  Socket,
  type SocketAddress,
  SOL_SOCKET,
  TCP_NODELAY,
} from '@ringloop/net';
import { openDescriptors } from '../descriptors.js';
import { thrownBy } from '../../rejection.js';
import { fieldsOf } from '../fields-of.js';

/** Flags of an open descriptor, in octal, as the kernel prints them. */
const flagsOf = (fd: number): number =>
  parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0', 8);

/** Two descriptors of one FIFO, which may be changed without harm. */
function pipe(): [number, number] {
  const path = `${tmpdir()}/ringloop-fifo-${process.pid}`;
  execFileSync('mkfifo', [path]);
  const both = openSync(path, 'r+'); // does not wait for another side
  const write = openSync(path, 'w');
  unlinkSync(path);
  return [both, write];
}

function listening(): [Socket, SocketAddress] {
  const server = new Socket(AF_INET, SOCK_STREAM);
  server.bind({ host: '127.0.0.1', port: 0 });
  server.listen(5);
  return [server, server.getsockname() as SocketAddress]; // of an AF_INET socket
}

/** A client that does not wait: on loopback it is connected when the call returns. */
function connect(address: SocketAddress): Socket {
  const client = new Socket(AF_INET, SOCK_STREAM);
  const result = client.tryConnect({ host: address.address, port: address.port });
  expect(result).to.be.oneOf([0, -115]);
  return client;
}

describe('net/socket', () => {
  it('Socket carries bytes between an accepted and a connecting socket, and reports the end', () => {
    const [server, address] = listening();
    using client = connect(address);
    const [connection, peer] = server.accept();
    server.close();
    expect(peer).to.deep.equal(client.getsockname());
    expect(client.getpeername()).to.deep.equal(address);
    expect(client.send(Buffer.from('hello'))).to.equal(5);
    expect(connection.recv(2, MSG_PEEK).toString()).to.equal('he');
    expect(connection.recv(100).toString()).to.equal('hello');
    client.shutdown(SHUT_WR);
    expect(connection.recv(100)).to.have.length(0);
    connection.close();
  });

  it('Socket opens every descriptor non-blocking and close-on-exec', () => {
    const [server, address] = listening();
    using client = connect(address);
    const [connection] = server.accept();
    const [left, right] = Socket.socketpair();
    const copy = left.dup();
    for (const sock of [server, client, connection, left, right, copy]) {
      expect(flagsOf(sock.fileno()) & 0o2004000, 'O_CLOEXEC | O_NONBLOCK').to.equal(0o2004000);
      sock.close();
    }
  });

  it('Socket throws errors in the shape of Node', async () => {
    using sock = new Socket();
    const error = await thrownBy(() => sock.bind({ host: '203.0.113.1', port: 80 })); // TEST-NET-3: not ours
    expect(fieldsOf(error)).to.deep.equal({
      message: 'bind EADDRNOTAVAIL 203.0.113.1:80',
      code: 'EADDRNOTAVAIL',
      errno: -99,
      syscall: 'bind',
      address: '203.0.113.1',
      port: 80,
    });
  });

  it('Socket.recv() and accept() throw EAGAIN where they would have to wait', async () => {
    const [a, b] = Socket.socketpair();
    expect(await thrownBy(() => a.recv(1))).to.include({ code: 'EAGAIN', syscall: 'recv' });
    const [server] = listening();
    expect(await thrownBy(() => server.accept())).to.include({ code: 'EAGAIN', syscall: 'accept' });
    for (const sock of [a, b, server]) sock.close();
  });

  it('Socket.recvInto() fills the start of a buffer, and the rest stays', () => {
    const [a, b] = Socket.socketpair();
    a.send(Buffer.from('xyz'));
    const room = Buffer.from('......');
    expect(b.recvInto(room.subarray(1))).to.equal(3);
    expect(room.toString()).to.equal('.xyz..');
    a.close();
    b.close();
  });

  it('Socket.send() takes shared memory and parts of buffers, and no strings', async () => {
    const [a, b] = Socket.socketpair();
    a.send(new Uint8Array(new SharedArrayBuffer(3)).fill(65));
    a.send(Buffer.from('hello').subarray(3));
    expect(b.recv(10).toString()).to.equal('AAAlo');
    // @ts-expect-error -- what JavaScript may do
    expect(await thrownBy(() => a.send('text'))).to.be.instanceOf(TypeError);
    a.close();
    b.close();
  });

  it('Socket.send() to a peer that is gone is EPIPE and no signal', async () => {
    const [a, b] = Socket.socketpair();
    b.close();
    expect(await thrownBy(() => a.send(Buffer.from('x')))).to.include({ code: 'EPIPE', syscall: 'send' });
    a.close();
  });

  it('Socket.setsockopt() and getsockopt() carry numbers, booleans and structures', () => {
    using sock = new Socket();
    sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, true);
    expect(sock.getsockopt(IPPROTO_TCP, TCP_NODELAY)).to.equal(1);
    sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 0);
    expect(sock.getsockopt(SOL_SOCKET, SO_REUSEADDR)).to.equal(0);
    const linger = Buffer.from(new Int32Array([1, 7]).buffer);
    sock.setsockopt(SOL_SOCKET, SO_LINGER, linger);
    expect(sock.getsockopt(SOL_SOCKET, SO_LINGER, 8)).to.deep.equal(linger);
  });

  it('Socket.close() can be repeated and never closes a number that was given out again', () => {
    const first = new Socket();
    const number = first.fileno();
    first.close();
    const second = new Socket();
    expect(second.fileno()).to.equal(number); // the system gives out the lowest free number
    first.close();
    first[Symbol.dispose]();
    expect(openDescriptors().has(number)).to.equal(true);
    expect(first.fileno()).to.equal(-1);
    second.close();
    expect(openDescriptors().has(number)).to.equal(false);
  });

  it('Socket throws EBADF after close() and detach()', async () => {
    const sock = new Socket();
    const fd = sock.detach();
    expect(sock.fileno()).to.equal(-1);
    for (const use of [
      () => sock.recv(1),
      () => sock.send(Buffer.from('x')),
      () => sock.listen(),
      () => sock.accept(),
      () => sock.getsockname(),
      () => sock.dup(),
      () => sock.shutdown(SHUT_WR),
      () => sock.connect({ host: '127.0.0.1', port: 1 }),
    ]) {
      expect(await thrownBy(use)).to.include({ code: 'EBADF', errno: -9 });
    }
    new Socket(AF_INET, SOCK_STREAM, { fileno: fd }).close();
    expect(openDescriptors().has(fd)).to.equal(false);
  });

  it('Socket takes over a descriptor and asks the system what it is', () => {
    const [a, b] = Socket.socketpair();
    using same = new Socket(AF_INET, SOCK_STREAM, { fileno: a.detach() });
    expect(same).to.include({ family: AF_UNIX, type: SOCK_STREAM, proto: 0 });
    same.send(Buffer.from('x'));
    expect(b.recv(1).toString()).to.equal('x');
    b.close();
  });

  it('Socket refuses a descriptor that is no socket, and leaves it open', async () => {
    expect(await thrownBy(() => new Socket(AF_INET, SOCK_STREAM, { fileno: 0 }))).to.include({
      code: 'ENOTSOCK',
    });
    expect(openDescriptors().has(0)).to.equal(true);
  });

  it('Socket.dup() is a second owner of the connection, not of the number', () => {
    const [a, b] = Socket.socketpair();
    const copy = a.dup();
    a.close();
    copy.send(Buffer.from('still'));
    expect(b.recv(10).toString()).to.equal('still');
    copy.close();
    expect(b.recv(10)).to.have.length(0);
    b.close();
  });

  it('Socket leaves the flags of a descriptor alone that is no socket', async () => {
    const [read, write] = pipe();
    const before = [flagsOf(read), flagsOf(write)];
    for (const fileno of [read, write]) {
      const error = await thrownBy(() => new Socket(AF_INET, SOCK_STREAM, { fileno }));
      expect(error).to.include({ code: 'ENOTSOCK' });
    }
    expect([flagsOf(read), flagsOf(write)]).to.deep.equal(before);
    closeSync(read);
    closeSync(write);
  });

  it('Socket refuses numbers that would wrap, and what is no number, before anything is done', async () => {
    using victim = new Socket();
    const fd = victim.fileno();
    const text = '1' as unknown as number; // what JavaScript may pass
    const bad = [2 ** 31, 2 ** 32 + fd, -(2 ** 31) - 1, NaN, 1.5, Infinity];
    const attempts: ((value: number) => unknown)[] = [
      (fileno) => new Socket(AF_INET, SOCK_STREAM, { fileno }),
      (family) => new Socket(family),
      (type) => new Socket(AF_INET, type),
      (proto) => new Socket(AF_INET, SOCK_STREAM, { proto }),
      (value) => victim.setsockopt(SOL_SOCKET, SO_REUSEADDR, value),
      (level) => victim.setsockopt(level, SO_REUSEADDR, 1),
      (name) => victim.setsockopt(SOL_SOCKET, name, 1),
      (level) => victim.getsockopt(level, SO_REUSEADDR),
      (name) => victim.getsockopt(SOL_SOCKET, name),
      (bytes) => victim.getsockopt(SOL_SOCKET, SO_LINGER, bytes),
      (backlog) => victim.listen(backlog),
      (maxBytes) => victim.recv(maxBytes),
      (flags) => victim.recv(1, flags),
      (flags) => victim.send(Buffer.from('x'), flags),
      (how) => victim.shutdown(how),
    ];
    for (const [at, attempt] of attempts.entries()) {
      for (const value of bad) {
        const error = await thrownBy(() => attempt(value));
        expect(error, `attempt ${at} with ${value}`).to.include({ code: 'ERR_OUT_OF_RANGE' });
        expect(error).to.be.instanceOf(RangeError);
      }
      const error = await thrownBy(() => attempt(text));
      expect(error, `attempt ${at} with text`).to.be.instanceOf(TypeError);
      expect(error).to.include({ code: 'ERR_INVALID_ARG_TYPE' });
    }
    expect(victim.getsockopt(SOL_SOCKET, SO_REUSEADDR)).to.equal(0);
    expect(victim.fileno()).to.equal(fd);
  });

  it('Socket.listen() refuses a negative backlog, which the system would take for the largest', async () => {
    using sock = new Socket();
    sock.bind({ host: '127.0.0.1', port: 0 });
    for (const backlog of [-1, -5]) {
      expect(await thrownBy(() => sock.listen(backlog))).to.include({ code: 'ERR_OUT_OF_RANGE' });
    }
    expect(sock.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)).to.equal(0);
    sock.listen(0);
    expect(sock.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)).to.equal(1);
  });

  it('Socket takes the bytes of another realm, and no other kind', async () => {
    const [a, b] = Socket.socketpair();
    const foreign = (bytes: number): Uint8Array =>
      runInNewContext(`new Uint8Array(${bytes}).fill(1)`) as Uint8Array;
    expect(a.send(foreign(3))).to.equal(3);
    const room = foreign(8);
    expect(b.recvInto(room)).to.equal(3);
    a.setsockopt(SOL_SOCKET, SO_LINGER, foreign(8));
    for (const wrong of [
      'text',
      null,
      [1],
      new DataView(new ArrayBuffer(4)),
      {},
    ] as unknown as Uint8Array[]) {
      expect(await thrownBy(() => a.send(wrong))).to.include({ code: 'ERR_INVALID_ARG_TYPE' });
      expect(await thrownBy(() => b.recvInto(wrong))).to.include({ code: 'ERR_INVALID_ARG_TYPE' });
      expect(await thrownBy(() => a.setsockopt(SOL_SOCKET, SO_LINGER, wrong))).to.include({
        code: 'ERR_INVALID_ARG_TYPE',
      });
    }
    a.close();
    b.close();
  });
});
