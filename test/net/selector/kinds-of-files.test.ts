import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { expect } from 'chai';
import type koffi from 'koffi';
import { type SelectorEventLoop, Socket } from '@ringloop/net';
import { epollRegistrations, openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { thrownBy } from '../../rejection.js';

const library = (createRequire(import.meta.url)('koffi') as typeof koffi).load(null);
const native = {
  eventfd: library.func('int eventfd(unsigned int count, int flags)') as (
    count: number,
    flags: number,
  ) => number,
  dup: library.func('int dup(int fd)') as (fd: number) => number,
  dup2: library.func('int dup2(int oldfd, int newfd)') as (fd: number, onto: number) => number,
  unlockpt: library.func('int unlockpt(int fd)') as (fd: number) => number,
  ptsname: library.func('const char *ptsname(int fd)') as (fd: number) => string,
};

const NONBLOCK = 0o4000;

/** Resolves when `fd` can be read. Watches it no longer. */
async function readable(loop: SelectorEventLoop, fd: number): Promise<void> {
  const future = loop.createFuture<undefined>();
  loop.addReader(fd, () => {
    loop.removeReader(fd);
    future.setResult(undefined);
  });
  await future;
}

/** A FIFO's read end and its write end. */
function pipe(): { readonly read: number; readonly write: number } {
  const folder = mkdtempSync(join(tmpdir(), 'ringloop-'));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  const both = openSync(path, 'r+'); // so that opening one end does not wait for the other
  const read = openSync(path, 'r');
  const write = openSync(path, 'w');
  closeSync(both);
  rmSync(folder, { recursive: true });
  return { read, write };
}

describe('net: addReader() and addWriter() by kinds of files', () => {
  it('SelectorEventLoop.addReader() watches a pipe: its bytes, and its end', () =>
    inLoop(async (loop) => {
      const { read, write } = pipe();
      const bytes = Buffer.alloc(8);
      writeSync(write, 'hello');
      await readable(loop, read);
      expect(readSync(read, bytes)).to.equal(5);
      closeSync(write);
      await readable(loop, read);
      expect(readSync(read, bytes)).to.equal(0);
      closeSync(read);
    }));

  it('SelectorEventLoop.addWriter() watches a pipe, and tells its reader when nobody reads any more', () =>
    inLoop(async (loop) => {
      const { read, write } = pipe();
      const writable = loop.createFuture<undefined>();
      loop.addWriter(write, () => writable.done() || writable.setResult(undefined));
      await writable;
      loop.removeWriter(write);
      closeSync(read);
      await readable(loop, write);
      expect(await thrownBy(() => writeSync(write, 'x'))).to.include({ code: 'EPIPE' });
      closeSync(write);
    }));

  it('SelectorEventLoop.addReader() watches an eventfd', () =>
    inLoop(async (loop) => {
      const fd = native.eventfd(0, NONBLOCK);
      const waiting = loop.createTask(() => readable(loop, fd));
      loop.callSoon(() => writeSync(fd, Buffer.from(new BigUint64Array([5n]).buffer)));
      await waiting;
      const count = new BigUint64Array(1);
      readSync(fd, count);
      expect(count[0]).to.equal(5n);
      closeSync(fd);
    }));

  it('SelectorEventLoop.addReader() watches a terminal: its line, and its hang-up (skipped without /dev/ptmx)', async function () {
    let master: number;
    try {
      master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
    } catch {
      return this.skip(); // this machine has no terminals
    }
    native.unlockpt(master);
    const slave = openSync(native.ptsname(master), constants.O_RDWR | constants.O_NOCTTY);
    await inLoop(async (loop) => {
      const bytes = Buffer.alloc(16);
      writeSync(slave, 'output');
      await readable(loop, master);
      expect(bytes.toString('latin1', 0, readSync(master, bytes))).to.equal('output');
      writeSync(master, 'line\n');
      await readable(loop, slave);
      expect(bytes.toString('latin1', 0, readSync(slave, bytes))).to.equal('line\n');
      await readable(loop, master); // the terminal echoes
      readSync(master, bytes);
      closeSync(slave);
      await readable(loop, master);
      expect(await thrownBy(() => readSync(master, bytes))).to.include({ code: 'EIO' });
    });
    closeSync(master);
  });

  it('SelectorEventLoop.addReader() and addWriter() throw EPERM for what is always ready, and watch nothing', () =>
    inLoop(async (loop) => {
      for (const path of [process.execPath, '/', '/dev/null', '/dev/zero']) {
        const fd = openSync(path, 'r');
        for (const watch of [
          () => loop.addReader(fd, () => undefined),
          () => loop.addWriter(fd, () => undefined),
        ]) {
          expect(await thrownBy(watch), path).to.include({ code: 'EPERM', syscall: 'epoll_ctl' });
          expect(loop.removeReader(fd)).to.equal(false);
          expect(loop.removeWriter(fd)).to.equal(false);
        }
        closeSync(fd);
      }
      expect(loop.watchesDescriptors()).to.equal(false);
    }));

  for (const duplicate of ['without a duplicate', 'while a duplicate lives']) {
    it(`SelectorEventLoop.addReader() watches whatever is opened under a number that was closed, ${duplicate}`, () =>
      inLoop(async (loop) => {
        const ran: string[] = [];
        const copies: number[] = [];
        const peers: Socket[] = [];
        const number = openReadable('socket', peers);
        for (const kind of ['socket', 'pipe', 'eventfd', 'socket again']) {
          const opened = openReadable(kind, peers);
          if (duplicate === 'while a duplicate lives') copies.push(native.dup(number));
          native.dup2(opened, number); // closes what had the number, which is watched from the second time on
          closeSync(opened);
          const read = loop.createFuture<undefined>();
          loop.addReader(number, () => {
            ran.push(kind);
            if (!read.done()) read.setResult(undefined);
          });
          await read;
        }
        const last = ran.length;
        while (ran.length < last + 3) await immediate(); // it is level-triggered, and the others are not heard of any more
        expect([...new Set(ran)]).to.deep.equal(['socket', 'pipe', 'eventfd', 'socket again']);
        expect(new Set(ran.slice(last))).to.deep.equal(new Set(['socket again']));
        expect(loop.removeReader(number)).to.equal(true);
        for (const each of [number, ...copies]) closeSync(each);
        for (const peer of peers) peer.close();
      }));
  }

  it('SelectorEventLoop.addReader() from a reader that closes its own file and opens another under the number', () =>
    inLoop(async (loop) => {
      const ran: number[] = [];
      const done = loop.createFuture<undefined>();
      const peers: Socket[] = [];
      const open = (): Socket => {
        const [sock, peer] = Socket.socketpair();
        peer.send(Buffer.from('x'));
        peers.push(peer);
        return sock;
      };
      const read = (sock: Socket, count: number): void => {
        ran.push(count);
        const number = sock.fileno();
        sock.close(); // without removeReader()
        if (count === 5) {
          loop.removeReader(number);
          done.setResult(undefined);
          return;
        }
        const next = open();
        expect(next.fileno()).to.equal(number);
        loop.addReader(next, read, next, count + 1);
      };
      const first = open();
      loop.addReader(first, read, first, 1);
      await done;
      expect(ran).to.deep.equal([1, 2, 3, 4, 5]);
      for (const peer of peers) peer.close();
    }));

  it('SelectorEventLoop.addReader() does not call a reader that an earlier one of the same iteration has removed and closed', () =>
    inLoop(async (loop) => {
      const [a, toA] = Socket.socketpair();
      const [b, toB] = Socket.socketpair();
      const ran: string[] = [];
      const stopFor = (mine: string, other: Socket) => (): void => {
        ran.push(mine);
        if (other.fileno() === -1) return;
        loop.removeReader(other);
        other.close();
      };
      loop.addReader(a, stopFor('a', b));
      loop.addReader(b, stopFor('b', a));
      toA.send(Buffer.from('x'));
      toB.send(Buffer.from('x'));
      while (ran.length < 3) await immediate();
      expect(new Set(ran).size).to.equal(1);
      for (const each of [a, b]) if (each.fileno() !== -1) loop.removeReader(each);
      for (const each of [a, b, toA, toB]) each.close();
    }));

  it('SelectorEventLoop.addReader() watches 10,000 descriptors, and calls each (skipped where so many cannot be open)', async function () {
    this.timeout(30_000).slow(5000);
    const before = openDescriptors().size;
    const pairs: [Socket, Socket][] = [];
    try {
      for (let i = 0; i < 5000; i++) pairs.push(Socket.socketpair());
    } catch (thrown) {
      expect(thrown).to.include({ code: 'EMFILE' });
      for (const sock of pairs.flat()) sock.close();
      return this.skip();
    }
    await inLoop(async (loop) => {
      const read = new Set<Socket>();
      const done = loop.createFuture<undefined>();
      const onReadable = (sock: Socket): void => {
        sock.recv(1);
        read.add(sock);
        if (read.size === 10_000) done.setResult(undefined);
      };
      for (const sock of pairs.flat()) loop.addReader(sock, onReadable, sock);
      for (const sock of pairs.flat()) sock.send(Buffer.from('x'));
      await done;
      const epoll = [...openDescriptors()].filter(([, what]) => what.includes('eventpoll')).map(([fd]) => fd);
      expect(Math.max(...epoll.map(epollRegistrations))).to.equal(10_000);
      for (const sock of pairs.flat()) expect(loop.removeReader(sock)).to.equal(true);
      expect(Math.max(...epoll.map(epollRegistrations))).to.be.below(10_000);
      for (const sock of pairs.flat()) sock.close();
    });
    await immediate();
    expect(openDescriptors().size).to.equal(before);
  });
});

/** Opens something that can be read, and returns its descriptor. */
function openReadable(kind: string, peers: Socket[]): number {
  if (kind === 'eventfd') return native.eventfd(1, NONBLOCK);
  if (kind === 'pipe') {
    const { read, write } = pipe();
    closeSync(write); // its end can be read
    return read;
  }
  const [sock, peer] = Socket.socketpair();
  peer.send(Buffer.from('x'));
  peers.push(peer);
  return sock.detach();
}
