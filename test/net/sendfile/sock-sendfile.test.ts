import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { CancelledError, type Awaitable } from '@ringloop/core';
import {
  AF_INET,
  NoEpollError,
  type SelectorEventLoop,
  SendfileNotAvailableError,
  SO_SNDBUF,
  SOCK_DGRAM,
  Socket,
  SOL_SOCKET,
} from '@ringloop/net';
import { libc } from '@ringloop/net/internal';
import { describeWithEpoll } from '../backend.js';
import { openDescriptors } from '../descriptors.js';
import { SystemCalls } from '../faults/system-calls.js';
import { inLoop } from '../in-loop.js';
import { sendingIn } from './sending-in.js';
import { iterations } from '../iterations.js';
import { rejection } from '../../rejection.js';
import { positionOf, TestFile } from './test-file.js';

const { EINVAL, ENOSYS, EOVERFLOW, EOPNOTSUPP, EIO } = constants.errno;
const MANY = 3_000_001;

/** Reads until so many bytes are there, or the stream ends. */
async function receive(loop: SelectorEventLoop, sock: Socket, bytes = Infinity): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let left = bytes; left > 0;) {
    const chunk = await loop.sockRecv(sock, Math.min(left, 262_144));
    if (chunk.length === 0) break;
    chunks.push(chunk);
    left -= chunk.length;
  }
  return Buffer.concat(chunks);
}

/** What arrives, and what `send` resolves with. */
async function carried(
  loop: SelectorEventLoop,
  send: (sock: Socket) => Awaitable<number>,
): Promise<{ data: Buffer; sent: number }> {
  const [a, b] = Socket.socketpair();
  using sock = a;
  using peer = b;
  const receiving = loop.createTask(() => receive(loop, peer));
  const sent = await send(sock);
  sock.close();
  return { data: await receiving, sent };
}

/** A pair of sockets of which the first has little room, and is full. */
function full(): [Socket, Socket] {
  const [sock, peer] = Socket.socketpair();
  sock.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
  while (sock.trySend(Buffer.alloc(4096)) > 0);
  return [sock, peer];
}

describeWithEpoll('they are descriptors', 'net/sendfile/sock-sendfile', () => {
  for (const how of ['natively', 'by reading']) {
    const inLoop = (body: Parameters<typeof sendingIn>[1]): Promise<void> => sendingIn(how, body);

    it(`SelectorEventLoop.sockSendfile() sends a whole file ${how}, from its start, and sets its position`, () =>
      inLoop(async (loop) => {
        using file = new TestFile(MANY);
        fs.readSync(file.fd, Buffer.alloc(10)); // its position does not matter
        const { data, sent } = await carried(loop, (sock) => loop.sockSendfile(sock, file));
        expect(sent).to.equal(MANY);
        expect(data.equals(file.content)).to.equal(true);
        expect(file.position).to.equal(MANY);
      }));

    it(`SelectorEventLoop.sockSendfile() sends a part of a file ${how}`, () =>
      inLoop(async (loop) => {
        using file = new TestFile(MANY);
        for (const [offset, count, expected] of [
          [1000, 2000, 2000],
          [0, 1, 1],
          [MANY - 10, 100, 10],
          [1_000_000, 1_500_000, 1_500_000],
        ] as const) {
          const { data, sent } = await carried(loop, (sock) =>
            loop.sockSendfile(sock, file.fd, { offset, count }),
          );
          expect(sent).to.equal(expected);
          expect(data.equals(file.content.subarray(offset, offset + expected))).to.equal(true);
          expect(file.position).to.equal(offset + expected);
        }
      }));

    it(`SelectorEventLoop.sockSendfile() sends nothing of an empty file, and behind the end, ${how}`, () =>
      inLoop(async (loop) => {
        using empty = new TestFile(0);
        using file = new TestFile(100);
        fs.readSync(file.fd, Buffer.alloc(7));
        expect((await carried(loop, (sock) => loop.sockSendfile(sock, empty))).sent).to.equal(0);
        expect((await carried(loop, (sock) => loop.sockSendfile(sock, file, { offset: 100 }))).sent).to.equal(
          0,
        );
        expect(
          (await carried(loop, (sock) => loop.sockSendfile(sock, file, { offset: 2 ** 40 }))).sent,
        ).to.equal(0);
        expect([empty.position, file.position]).to.deep.equal([0, 7]); // nothing was sent: it stays
      }));

    it(`SelectorEventLoop.sockSendfile() sends what is beyond 4 GiB ${how}`, () =>
      inLoop(async (loop) => {
        using file = new TestFile(0);
        const offset = 5 * 2 ** 30 + 3;
        fs.writeSync(file.fd, 'far away', offset); // nothing but a hole before it
        const { data, sent } = await carried(loop, (sock) =>
          loop.sockSendfile(sock, file, { offset: offset + 4 }),
        );
        expect([sent, data.toString()]).to.deep.equal([4, 'away']);
        expect(file.position).to.equal(offset + 8);
      }));

    it(`SelectorEventLoop.sockSendfile() goes on where the peer stopped reading, ${how}, and ends where the file is cut`, () =>
      inLoop(async (loop) => {
        using file = new TestFile(MANY);
        const [a, b] = full();
        using sock = a;
        using peer = b;
        const sending = loop.createTask(() => loop.sockSendfile(sock, file));
        await iterations(loop, 4);
        fs.ftruncateSync(file.fd, 1_000_000);
        const receiving = loop.createTask(() => receive(loop, peer));
        const sent = await sending;
        sock.close();
        await receiving;
        expect(sent).to.be.within(1_000_000, 1_262_144); // what was read before it was cut is sent
        expect(file.position).to.equal(sent);
      }));

    it(`SelectorEventLoop.sockSendfile() that fails in the middle ${how} tells how far it came`, () =>
      inLoop(async (loop) => {
        using file = new TestFile(MANY);
        const [a, b] = Socket.socketpair();
        using sock = a;
        using peer = b;
        const sending = loop.createTask(() => loop.sockSendfile(sock, file));
        const received = await receive(loop, peer, 100_000);
        peer.close();
        const error = await rejection(sending);
        expect(error).to.include({ code: 'EPIPE', syscall: how === 'natively' ? 'sendfile' : 'send' });
        expect(file.position).to.be.within(received.length, MANY - 1);
      }));

    it(`SelectorEventLoop.sockSendfile() ${how} can be cancelled in every iteration, and goes on from the file's position`, () =>
      inLoop(async (loop) => {
        const before = openDescriptors();
        {
          using file = new TestFile(600_000);
          const outcomes = new Set<string>();
          for (let count = -1; count < 30; count++) {
            const [a, b] = Socket.socketpair();
            using sock = a;
            using peer = b;
            sock.setsockopt(SOL_SOCKET, SO_SNDBUF, 65_536);
            fs.readSync(file.fd, Buffer.alloc(1), 0, 1, null);
            const receiving = loop.createTask(() => receive(loop, peer));
            const sending = loop.createTask(() => loop.sockSendfile(sock, file.fd, { offset: 8 }));
            if (count >= 0) await iterations(loop, count);
            sending.cancel();
            const [outcome] = await Promise.allSettled([sending]);
            if (outcome.status === 'rejected') expect(outcome.reason).to.be.instanceOf(CancelledError);
            sock.close();
            const received = await receiving;
            expect(received.equals(file.content.subarray(8, 8 + received.length))).to.equal(true);
            if (received.length > 0) expect(file.position).to.equal(8 + received.length);
            if (count === -1) expect(received.length).to.equal(0);
            outcomes.add(`${outcome.status} ${received.length > 0}`);
            expect(loop.watchesDescriptors()).to.equal(false);
          }
          expect(outcomes).to.include('rejected false');
          // How many iterations a read takes depends on the disk.
          if (how === 'natively') expect(outcomes).to.include.keys('rejected true', 'fulfilled true');
        }
        // A read that was cancelled holds its descriptor until it is over.
        while (openDescriptors().size > before.size) await iterations(loop, 1);
        expect([...openDescriptors().keys()]).to.deep.equal([...before.keys()]);
      })).slow(2000);

    it(`SelectorEventLoop.sockSendfile() ${how} goes on when the file is closed, and its number is another file's`, () =>
      inLoop(async (loop) => {
        const file = new TestFile(MANY);
        const [a, b] = full();
        using sock = a;
        using peer = b;
        const sending = loop.createTask(() => loop.sockSendfile(sock, file.fd));
        await iterations(loop, 3);
        fs.closeSync(file.fd);
        using other = new TestFile(Buffer.from('other'));
        expect(other.fd).to.equal(file.fd);
        const receiving = loop.createTask(() => receive(loop, peer));
        expect(await sending).to.equal(MANY);
        sock.close();
        expect((await receiving).subarray(-MANY).equals(file.content)).to.equal(true);
        expect(other.position).to.equal(0);
      }));
  }

  it('SelectorEventLoop.sockSendfile() takes a number, a FileHandle, and what has a fileno()', () =>
    inLoop(async (loop) => {
      using file = new TestFile(1000);
      const handle = await open(`/proc/self/fd/${file.fd}`);
      for (const like of [file.fd, handle, file])
        expect(
          (await carried(loop, (sock) => loop.sockSendfile(sock, like))).data.equals(file.content),
        ).to.equal(true);
      expect(positionOf(handle.fd)).to.equal(1000);
      await handle.close();
      const [sock, peer] = Socket.socketpair();
      expect(await rejection(loop.sockSendfile(sock, handle)))
        .to.be.instanceOf(RangeError)
        .with.property('message', 'Invalid file descriptor: -1');
      sock.close();
      peer.close();
    }));

  it('SelectorEventLoop.sockSendfile() mixes with sockSendall() on TCP', () =>
    inLoop(async (loop) => {
      using file = new TestFile(500_000);
      using listener = new Socket();
      listener.bind({ host: '127.0.0.1', port: 0 });
      listener.listen();
      using sock = new Socket();
      const { port } = listener.getsockname() as { port: number };
      const accepting = loop.createTask(() => loop.sockAccept(listener));
      await loop.sockConnect(sock, { host: '127.0.0.1', port });
      const [conn] = await accepting;
      using served = conn;
      const receiving = loop.createTask(() => receive(loop, served));
      await loop.sockSendall(sock, Buffer.from('before'));
      await loop.sockSendfile(sock, file);
      await loop.sockSendall(sock, Buffer.from('after'));
      sock.close();
      const expected = Buffer.concat([Buffer.from('before'), file.content, Buffer.from('after')]);
      expect((await receiving).equals(expected)).to.equal(true);
    }));

  it('SelectorEventLoop.sockSendfile() makes at most 8 calls of 1 MiB in an iteration', () =>
    inLoop(async (loop) => {
      using file = new TestFile(0);
      fs.ftruncateSync(file.fd, 2 ** 31);
      const [a, b] = Socket.socketpair();
      using sock = a;
      const c = libc();
      const real = c.sendfile.bind(c);
      const lengths: number[] = [];
      Object.assign(c, {
        sendfile: (_out: number, _in: number, _offset: Uint8Array, length: number) => {
          lengths.push(length);
          return length; // a peer that takes it all
        },
      });
      try {
        const sending = loop.createTask(() => loop.sockSendfile(sock, file));
        await iterations(loop, 1);
        expect(lengths).to.deep.equal(Array(8).fill(1_048_576));
        await iterations(loop, 8);
        expect(lengths.length % 8).to.equal(0);
        expect(lengths.length).to.be.above(8);
        sending.cancel();
        await rejection(sending);
        expect(file.position).to.equal(lengths.length * 1_048_576);
      } finally {
        Object.assign(c, { sendfile: real });
        b.close();
      }
    }));

  it('SelectorEventLoop.sockSendfile() reads where sendfile(2) cannot, unless it may not', () =>
    inLoop(async (loop) => {
      using file = new TestFile(1000);
      for (const how of [EINVAL, ENOSYS, EOVERFLOW, EOPNOTSUPP]) {
        {
          using calls = new SystemCalls({ call: 'sendfile', nth: 0, how });
          expect((await carried(loop, (sock) => loop.sockSendfile(sock, file))).sent).to.equal(1000);
          expect(calls.delivered).to.equal(true);
        }
        fs.readSync(file.fd, Buffer.alloc(1)); // at the end: no move
        using calls = new SystemCalls({ call: 'sendfile', nth: 0, how });
        const [sock, peer] = Socket.socketpair();
        const error = await rejection(loop.sockSendfile(sock, file, { fallback: false }));
        expect(error).to.be.instanceOf(SendfileNotAvailableError);
        expect(error).to.have.property('code', 'ERR_SENDFILE_NOT_AVAILABLE');
        expect(calls.delivered).to.equal(true);
        expect(peer.tryRecvInto(Buffer.alloc(1))).to.equal(-constants.errno.EAGAIN);
        sock.close();
        peer.close();
      }
    }));

  it('SelectorEventLoop.sockSendfile() does not read once something was sent, whatever the system says', () =>
    inLoop(async (loop) => {
      using file = new TestFile(MANY);
      using calls = new SystemCalls({ call: 'sendfile', nth: 1, how: EINVAL });
      const [a, b] = Socket.socketpair();
      using sock = a;
      using peer = b;
      const receiving = loop.createTask(() => receive(loop, peer));
      const error = await rejection(loop.sockSendfile(sock, file));
      expect(error).to.include({ code: 'EINVAL', syscall: 'sendfile' });
      expect(calls.delivered).to.equal(true);
      sock.close();
      expect((await receiving).length).to.equal(file.position);
    }));

  it('SelectorEventLoop.sockSendfile() reads files that tell no size, such as those of /proc', () =>
    inLoop(async (loop) => {
      const fd = fs.openSync('/proc/self/cmdline', 'r');
      try {
        const { data } = await carried(loop, (sock) => loop.sockSendfile(sock, fd));
        expect(data.toString()).to.equal(fs.readFileSync('/proc/self/cmdline', 'utf8'));
      } finally {
        fs.closeSync(fd);
      }
    }));

  it('SelectorEventLoop.sockSendfile() refuses what is no file to read at any place, and leaves no descriptor', () =>
    inLoop(async (loop) => {
      const [read, write] = Socket.socketpair();
      const [sock, peer] = Socket.socketpair();
      const before = openDescriptors();
      const directory = fs.openSync(tmpdir(), 'r');
      const made = fs.mkdtempSync(join(tmpdir(), 'ringloop-'));
      const writable = fs.openSync(join(made, 'file'), 'w');
      execFileSync('mkfifo', [join(made, 'fifo')]);
      const fifo = fs.openSync(join(made, 'fifo'), 'r+');
      for (const [fd, code, syscall] of [
        [directory, 'EISDIR', 'read'],
        [writable, 'EBADF', 'sendfile'],
        [fifo, 'ESPIPE', 'read'],
        [read.fileno(), 'ESPIPE', 'read'],
        [999_999, 'EBADF', 'dup'],
      ] as const)
        expect(await rejection(loop.sockSendfile(sock, fd)), code).to.include({ code, syscall });
      for (const fd of [directory, fifo])
        expect(await rejection(loop.sockSendfile(sock, fd, { fallback: false }))).to.be.instanceOf(
          SendfileNotAvailableError,
        );
      fs.closeSync(directory);
      fs.closeSync(writable);
      fs.closeSync(fifo);
      fs.rmSync(made, { recursive: true });
      expect([...openDescriptors().keys()]).to.deep.equal([...before.keys()]);
      for (const each of [read, write, sock, peer]) each.close();
    }));

  it('SelectorEventLoop.sockSendfile() tells that the position could not be set, unless something worse happened', () =>
    inLoop(async (loop) => {
      using file = new TestFile(10);
      using calls = new SystemCalls(
        { call: 'lseek', nth: 0, how: EIO },
        { call: 'lseek', nth: 1, how: EIO },
        { call: 'sendfile', nth: 3, how: constants.errno.ECONNRESET },
      );
      const [sock, peer] = Socket.socketpair();
      expect(await rejection(loop.sockSendfile(sock, file))).to.include({ code: 'EIO', syscall: 'lseek' });
      expect(await rejection(loop.sockSendfile(sock, file, { count: 20 }))).to.include({
        code: 'ECONNRESET',
      });
      expect(calls.delivered).to.equal(true);
      sock.close();
      peer.close();
    }));

  it('SelectorEventLoop.sockSendfile() refuses wrong arguments before it does anything', () =>
    inLoop(async (loop) => {
      using file = new TestFile(10);
      const [sock, peer] = Socket.socketpair();
      using datagrams = new Socket(AF_INET, SOCK_DGRAM);
      const send = loop.sockSendfile.bind(loop) as (...args: unknown[]) => Promise<number>;
      const wrong: [unknown[], string, string][] = [
        [[{}, file], 'TypeError', 'sock must be a Socket'],
        [[datagrams, file], 'TypeError', 'Only SOCK_STREAM sockets can send files'],
        [[sock, null], 'TypeError', 'file must be the number of a descriptor'],
        [[sock, {}], 'TypeError', 'file must be the number of a descriptor'],
        [[sock, 'path'], 'TypeError', 'file must be the number of a descriptor'],
        [[sock, { fd: '3' }], 'TypeError', 'file must be the number of a descriptor'],
        [[sock, -1], 'RangeError', 'Invalid file descriptor: -1'],
        [[sock, 1.5], 'RangeError', 'Invalid file descriptor: 1.5'],
        [[sock, { fileno: () => -1 }], 'RangeError', 'Invalid file descriptor: -1'],
        [[sock, file, { offset: -1 }], 'RangeError', 'offset must be an integer from 0'],
        [[sock, file, { offset: 0.5 }], 'RangeError', 'offset must be an integer from 0'],
        [[sock, file, { offset: '1' }], 'TypeError', 'offset must be a number'],
        [[sock, file, { offset: NaN }], 'RangeError', 'offset must be an integer from 0'],
        [[sock, file, { count: 0 }], 'RangeError', 'count must be an integer from 1'],
        [[sock, file, { count: -2 }], 'RangeError', 'count must be an integer from 1'],
        [[sock, file, { count: Infinity }], 'RangeError', 'count must be an integer from 1'],
        [[sock, file, { count: 1n }], 'TypeError', 'count must be a number'],
        [[sock, file, { fallback: 1 }], 'TypeError', 'fallback must be a boolean'],
      ];
      for (const [args, name, message] of wrong) {
        const error = (await rejection(send(...args))) as Error;
        expect(error).to.include({ name });
        expect(error.message).to.contain(message);
      }
      expect(await send(sock, file, { offset: null, count: null, fallback: null })).to.equal(10);
      sock.close();
      peer.close();
    }));

  it("SelectorEventLoop.sockSendfile() refuses the socket of a transport, a closed socket, and Node's handles", async () => {
    using file = new TestFile(10);
    await inLoop(async (loop) => {
      const [ours, peer] = Socket.socketpair();
      const fileno = ours.fileno();
      const [transport] = await loop.connectAcceptedSocket(() => ({}), ours);
      const owned = transport.getExtraInfo('socket').dup();
      expect(await loop.sockSendfile(owned, file)).to.equal(10);
      expect(owned.fileno()).not.to.equal(fileno);
      owned.close();
      expect(await rejection(loop.sockSendfile(owned, file))).to.include({ code: 'EBADF' });
      transport.abort();
      peer.close();
    });
    await inLoop(
      async (loop) => {
        const [sock, peer] = Socket.socketpair();
        expect(await rejection(loop.sockSendfile(sock, file))).to.be.instanceOf(NoEpollError);
        sock.close();
        peer.close();
      },
      { net: 'libuv' },
    );
  });
});
