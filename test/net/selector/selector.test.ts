import { setImmediate as immediate } from 'node:timers/promises';
import { Handle } from '@ringloop/core';
import { expect } from 'chai';
import { type SelectorEventLoop, Socket } from '@ringloop/net';
import { Selector } from '@ringloop/net/internal';
import { epollRegistrations } from '../descriptors.js';
import { inLoop } from '../in-loop.js';

/** A selector, and the names of what is ready in it. */
async function inSelector(
  body: (selector: Selector, handle: (name: string) => Handle, ready: () => string[]) => void | Promise<void>,
): Promise<void> {
  await inLoop(async (loop: SelectorEventLoop) => {
    const selector = new Selector();
    const names = new Map<Handle, string>();
    const handle = (name: string): Handle => {
      const made = new Handle(() => undefined, [], loop);
      names.set(made, name);
      return made;
    };
    const ready = (): string[] => {
      const found: string[] = [];
      selector.collect((each) => found.push(names.get(each) ?? 'unknown'));
      return found;
    };
    await body(selector, handle, ready);
    selector.close();
  });
}

/** A socket that can be read, under the number that `closed` had. */
function reopen(closed: Socket): Socket {
  const number = closed.fileno();
  closed.close();
  const [again, peer] = Socket.socketpair();
  expect(again.fileno()).to.equal(number);
  peer.send(Buffer.from('x'));
  return again;
}

describe('net/selector', () => {
  for (const direction of ['reader', 'writer'] as const) {
    it(`Selector.watch() of a ${direction} sees that a descriptor number was closed and now is another file`, () =>
      inSelector((selector, handle, ready) => {
        const [a] = Socket.socketpair();
        const stale = handle('stale');
        selector.watch(a.fileno(), direction, stale);
        const b = reopen(a);
        selector.watch(b.fileno(), direction, handle('fresh'));
        expect(ready()).to.deep.equal(['fresh']);
        expect(stale.cancelled()).to.equal(true);
      }));
  }

  it('Selector.watch() drops the other direction of a number whose file was replaced', () =>
    inSelector((selector, handle, ready) => {
      const [a] = Socket.socketpair();
      selector.watch(a.fileno(), 'writer', handle('stale'));
      const b = reopen(a);
      selector.watch(b.fileno(), 'reader', handle('fresh'));
      expect(ready()).to.deep.equal(['fresh']);
      expect(selector.unwatch(b.fileno(), 'writer')).to.equal(false);
    }));

  it('Selector.unwatch() of a closed number does not touch the new file of that number', () =>
    inSelector((selector, handle, ready) => {
      const [a] = Socket.socketpair();
      selector.watch(a.fileno(), 'reader', handle('stale reader'));
      selector.watch(a.fileno(), 'writer', handle('stale writer'));
      const b = reopen(a);
      expect(selector.unwatch(b.fileno(), 'reader')).to.equal(true);
      expect(ready()).to.deep.equal([]); // it can be written all the time
      expect(selector.unwatch(b.fileno(), 'writer')).to.equal(true);
    }));

  // The kernel reports a file as long as a duplicate is open, and cannot be told to stop when the number is gone.
  for (const forgotten of ['removed too late', 'never removed']) {
    it(`Selector.collect() gets rid of a file that was closed while a duplicate lives, and was ${forgotten}`, () =>
      inSelector((selector, handle, ready) => {
        const [a, peer] = Socket.socketpair();
        const number = a.fileno();
        peer.send(Buffer.from('x'));
        selector.watch(number, 'reader', handle('stale'));
        a.dup();
        const epoll = selector.fd;
        if (forgotten === 'never removed') {
          const b = reopen(a);
          selector.watch(b.fileno(), 'reader', handle('fresh'));
          expect(ready()).to.deep.equal(['fresh']);
          expect(ready()).to.deep.equal(['fresh']);
        } else {
          a.close();
          selector.unwatch(number, 'reader');
          expect(ready()).to.deep.equal([]);
        }
        expect(selector.fd).not.to.equal(epoll);
      }));
  }

  it('Selector.collect() does not hand a number to handles of the file that had it, when it gets rid of another file', () =>
    inSelector((selector, handle, ready) => {
      const [lost] = Socket.socketpair();
      const [ghost, peer] = Socket.socketpair();
      selector.watch(lost.fileno(), 'reader', handle('stale'));
      const b = reopen(lost); // can be read, but nobody watches it
      peer.send(Buffer.from('x'));
      const number = ghost.fileno();
      selector.watch(number, 'reader', handle('ghost'));
      using copy = ghost.dup();
      ghost.close();
      selector.unwatch(number, 'reader');
      const epoll = selector.fd;
      expect(ready()).to.deep.equal([]);
      expect(selector.fd).not.to.equal(epoll);
      expect(ready()).to.deep.equal([]);
      selector.watch(b.fileno(), 'reader', handle('fresh'));
      expect(ready()).to.deep.equal(['fresh']);
      expect(copy.fileno()).to.be.above(0);
    }));

  it('Selector.watch() knows a file that comes back under its number, and watches it once', () =>
    inSelector((selector, handle, ready) => {
      const [a, peer] = Socket.socketpair();
      peer.send(Buffer.from('x'));
      const number = a.fileno();
      selector.watch(number, 'reader', handle('first'));
      using copy = a.dup();
      a.close();
      using again = copy.dup(); // the same file, under the lowest free number
      expect(again.fileno()).to.equal(number);
      selector.watch(number, 'reader', handle('second'));
      expect(ready()).to.deep.equal(['second']);
      expect(epollRegistrations(selector.fd)).to.equal(1);
    }));

  it('Selector.watch() replaces a handle without asking twice for the same event', () =>
    inSelector((selector, handle, ready) => {
      const [a, peer] = Socket.socketpair();
      peer.send(Buffer.from('x'));
      const first = handle('first');
      selector.watch(a.fileno(), 'reader', first);
      selector.watch(a.fileno(), 'reader', handle('second'));
      expect(ready()).to.deep.equal(['second']);
      expect(first.cancelled()).to.equal(true);
    }));

  it('Selector.watch() of a closed number throws, and leaves the other direction as it was', () =>
    inSelector((selector, handle) => {
      const [a] = Socket.socketpair();
      const number = a.fileno();
      selector.watch(number, 'reader', handle('reader'));
      a.close();
      expect(() => selector.watch(number, 'writer', handle('writer'))).to.throw('epoll_ctl EBADF');
      expect(selector.unwatch(number, 'reader')).to.equal(true);
      expect(selector.unwatch(number, 'writer')).to.equal(false);
    }));

  it('Selector does not keep its loop spinning after a file was closed whose duplicate lives on', () =>
    inLoop(async (loop) => {
      const [a, peer] = Socket.socketpair();
      peer.send(Buffer.from('x'));
      loop.addReader(a, () => undefined);
      const number = a.fileno();
      using copy = a.dup();
      a.close();
      loop.removeReader(number);
      await immediate();
      await immediate();
      const before = performance.eventLoopUtilization();
      await new Promise((resolve) => setTimeout(resolve, 50)); // real time: an idle loop must not use any
      expect(performance.eventLoopUtilization(before).utilization).to.be.below(0.5);
      expect(copy.fileno()).to.be.above(0);
      peer.close();
    }));
});
