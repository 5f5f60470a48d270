import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { EventLoop, getRunningLoop, LoopGroup, LoopStateError, run } from 'ringloop';

const execute = promisify(execFile);
const fixture = new URL('./fixtures/end-busy-loops.js', import.meta.url).pathname;

describe('LoopGroup of ringloop', () => {
  it('spawn() gives a LoopGroup', async () => {
    await using group = await LoopGroup.spawn({ loops: 1 });
    expect(group).to.be.instanceOf(LoopGroup);
  });

  // What calls into JavaScript from libuv would abort the process: see net/src/selector/epoll-poll.ts.
  for (const [way, exitCode] of [
    ['process.exit()', 0],
    ['an uncaught error', 1],
    ['close() with no time', 0],
    ['close()', 0],
  ] as const) {
    it(`loops with busy sockets end in peace by ${way}`, async () => {
      const ended = await Promise.allSettled([execute(process.execPath, [fixture, way])]);
      const code = ended[0].status === 'fulfilled' ? 0 : (ended[0].reason as { code: number }).code;
      expect(code).to.equal(exitCode);
    });
  }
});

describe('EventLoop of ringloop', () => {
  it('getRunningLoop() gives the loop that runs, with all that it can do', async () => {
    expect(await run(async () => getRunningLoop() instanceof EventLoop)).to.equal(true);
    expect(() => getRunningLoop()).to.throw(LoopStateError, 'no running event loop');
  });
});
