import { BaseEventLoop, DeadlockError, type LoopPorts, sleep, timeout, VirtualHost } from '@ringloop/core';
import { deadlockOf, END_RUN } from '@ringloop/core/internal';
import { expect } from 'chai';
import { FakeExecutor } from '../fake-executor.js';
import { rejection } from '../../rejection.js';
import { jumpingLoop, runOnce } from '../virtual-loop.js';

/** A loop that ends with a DeadlockError as soon as there is one. */
function watchedLoop(ports: LoopPorts = {}): BaseEventLoop {
  let idle = 0;
  const onIdle = (): void => {
    const deadlock = deadlockOf(loop);
    if (deadlock !== null) loop[END_RUN](deadlock);
    else if (++idle === 1) setTimeout(() => loop.callSoon(() => undefined), 5); // and looks again
  };
  const loop = new BaseEventLoop({
    host: new VirtualHost({ autojump: true, onIdle }),
    debug: false,
    ...ports,
  });
  return loop;
}

describe('core/deadlock', () => {
  it('deadlockOf() names who waits for what', async () => {
    const loop = watchedLoop();
    const never = loop.createFuture();
    const worker = loop.createTask(
      function* work() {
        yield* never;
      },
      { name: 'worker' },
    );
    const main = loop.createTask(
      async function main() {
        await sleep(10);
        await worker;
      },
      { name: 'main' },
    );
    const error = await rejection(loop.runUntilComplete(main));
    expect(error).to.be.instanceOf(DeadlockError).with.property('code', 'ERR_DEADLOCK');
    expect(error.message).to.equal(
      [
        "Deadlock: nothing is ready or scheduled, but <Task pending name='main' coro=<main()> waitFor=<Task pending>> is not done. Waiting:",
        "  <Task pending name='worker' coro=<work()> waitFor=<Future pending>>",
        "  <Task pending name='main' coro=<main()> waitFor=<Task pending>>",
      ].join('\n'),
    );
    expect([loop.time(), loop.isRunning()]).to.deep.equal([10, false]);
  });

  it('deadlockOf() tells of a future that nobody will settle', async () => {
    const loop = watchedLoop();
    const error = await rejection(loop.runUntilComplete(loop.createFuture()));
    expect(error.message).to.equal(
      'Deadlock: nothing is ready or scheduled, but <Future pending> is not done. Waiting: nobody',
    );
  });

  it('deadlockOf() finds none where the loop runs for no future, or where that is done', async () => {
    const loop = jumpingLoop();
    expect(deadlockOf(loop)).to.equal(null);
    const future = loop.createFuture();
    let seen: unknown = 'not asked';
    future.addDoneCallback(() => (seen = deadlockOf(loop)));
    loop.callSoon(() => future.setResult(null));
    await loop.runUntilComplete(future);
    expect([seen, deadlockOf(loop)]).to.deep.equal([null, null]);
    loop.callSoon(() => (seen = deadlockOf(loop)));
    await runOnce(loop);
    expect(seen).to.equal(null);
  });

  it('deadlockOf() trusts a job of an executor, until it is done', async () => {
    const executor = new FakeExecutor();
    const loop = watchedLoop();
    loop.setDefaultExecutor(executor);
    setTimeout(() => executor.jobs[0]?.finish('job'), 10);
    const result = await loop.runUntilComplete(async () => loop.runInExecutor(null, () => 'not called'));
    expect(result).to.equal('job');
    const error = await rejection(loop.runUntilComplete(loop.createFuture()));
    expect(error).to.be.instanceOf(DeadlockError);
  });

  it('deadlockOf() trusts a native promise, in async functions and generators', async () => {
    const loop = watchedLoop();
    const later = (): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('later'), 10));
    expect(await loop.runUntilComplete(async () => later())).to.equal('later');
    expect(await loop.runUntilComplete(later())).to.equal('later');
    expect(
      await loop.runUntilComplete(function* (): Generator<unknown, unknown, unknown> {
        return yield later();
      }),
    ).to.equal('later');
    const error = await rejection(loop.runUntilComplete(loop.createFuture()));
    expect(error).to.be.instanceOf(DeadlockError);
  });

  it('deadlockOf() trusts a descriptor that is watched', async () => {
    class WatchingLoop extends BaseEventLoop {
      override watchesDescriptors(): boolean {
        return true;
      }
    }
    const loop = new WatchingLoop({ host: new VirtualHost() });
    let seen: unknown = 'not asked';
    const future = loop.createFuture();
    loop.callSoon(() => {
      seen = deadlockOf(loop);
      loop.callSoon(() => future.setResult(null));
    });
    await loop.runUntilComplete(future);
    expect(seen).to.equal(null);
  });

  it('deadlockOf() looks into what a task waits for: blocks, reactions and awaitables', async () => {
    const never = (loop: BaseEventLoop): Promise<unknown> => loop.createFuture();
    const ways: Record<string, (loop: BaseEventLoop) => Promise<unknown>> = {
      block: async (loop) => timeout(null).run(async () => never(loop)),
      reaction: async (loop) => never(loop).then(() => 'never'),
      'both kinds': async (loop) =>
        timeout(null).run(function* () {
          return yield* loop.createFuture();
        }),
    };
    for (const [name, way] of Object.entries(ways)) {
      const loop = watchedLoop();
      const error = await rejection(loop.runUntilComplete(async () => way(loop)));
      expect([name, error.name]).to.deep.equal([name, 'DeadlockError']);
    }
    // Behind each of them Node may still do something.
    const nodes = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 20));
    const waits: Record<string, (loop: BaseEventLoop) => Promise<unknown>> = {
      block: async () => timeout(null).run(async () => nodes()),
      reaction: async (loop) => {
        const future = loop.createFuture();
        future.setResult('there');
        return future.then(nodes);
      },
    };
    for (const way of Object.values(waits)) {
      const loop = watchedLoop();
      await loop.runUntilComplete(async () => way(loop));
    }
  });
});
