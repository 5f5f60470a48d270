import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Handle } from '@ringloop/core';
import { expect } from 'chai';
import { Socket } from '@ringloop/net';
import { EpollPoll, findWakeup, Selector } from '@ringloop/net/internal';
import { inLoop } from '../in-loop.js';

const execute = promisify(execFile);

describe('net/epoll-poll', () => {
  it('EpollPoll reports events until it is stopped, and again when it is started', () =>
    inLoop(async (loop) => {
      const selector = new Selector();
      const [a, b] = Socket.socketpair();
      let reports = 0;
      let wake = (): void => undefined;
      const poll = new EpollPoll(selector, () => {
        reports++;
        wake();
      });
      selector.watch(a.fileno(), 'reader', new Handle(() => undefined, [], loop));
      b.send(Buffer.from('x'));
      for (const round of [1, 2]) {
        const reported = new Promise<void>((resolve) => (wake = resolve));
        poll.start();
        poll.start(); // can be repeated
        await reported;
        poll.stop();
        poll.stop();
        const before = reports;
        await new Promise((resolve) => setTimeout(resolve, 5)); // real time: libuv goes round
        expect(reports, `round ${round}`).to.equal(before);
      }
      selector.close();
      a.close();
      b.close();
    }));

  it('EpollPoll has libuv itself wake on this machine', () =>
    inLoop(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1)); // libuv has polled by then
      expect(findWakeup()).to.have.keys('epollFd', 'alias');
    }));

  it('EpollPoll looks for events every few milliseconds where libuv cannot be made to, and says so once', async () => {
    const fixture = new URL('../fixtures/without-proc.js', import.meta.url).pathname;
    const { stdout } = await execute(process.execPath, [fixture]);
    expect(stdout.trim().split('\n').sort()).to.deep.equal(['RINGLOOP_POLLING', 'woken', 'woken', 'woken']);
  }).slow(2000);
});
