import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { EventLoop, LoopGroup, run } from 'ringloop';
import { dieNow } from './fixtures/deaths.js';
import { echo, wayToWake } from './fixtures/woken.js';

const execute = promisify(execFile);

function eventfds(): number {
  let found = 0;
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:[eventfd]') found++;
    } catch {
      // The descriptor by which the folder was read.
    }
  }
  return found;
}

describe('ringloop/wakeup', () => {
  it('an EventLoop is woken by an eventfd once another thread has called, unless it asks for the other way', () =>
    run(async () => {
      for (const [options, way] of [
        [{}, 'eventfd'],
        [{ wakeup: 'eventfd' }, 'eventfd'],
        [{ wakeup: 'atomics' }, 'atomics'],
      ] as const) {
        await using group = await LoopGroup.spawn({ loops: 1, ...options });
        await group.next().runCoroutineThreadsafe(echo, 1);
        await delay(2); // it sleeps
        expect(await group.next().runCoroutineThreadsafe(wayToWake)).to.equal(way);
      }
    }));

  it('an EventLoop wakes for each of many calls, from loops of both kinds and from a thread without a loop', () =>
    run(async () => {
      for (const wakeup of ['eventfd', 'atomics'] as const) {
        await using group = await LoopGroup.spawn({ loops: 2, wakeup });
        for (let i = 0; i < 50; i++) {
          await delay(1); // all sleep again
          for (const ref of group.loops) expect(await ref.runCoroutineThreadsafe(echo, i)).to.equal(i);
        }
        const workerData = group.next().toWire();
        const worker = new Worker(new URL('./fixtures/caller-without-loop.js', import.meta.url), {
          workerData,
        });
        const [answered] = (await once(worker, 'message')) as [number];
        expect(answered).to.equal(20);
        await once(worker, 'exit');
      }
    }));

  it('answers arrive also after the loop was closed that listened for them', async () => {
    const group = await run(async () => {
      const spawned = await LoopGroup.spawn({ loops: 1 });
      for (let i = 0; i < 3; i++) {
        await delay(1);
        await spawned.next().runCoroutineThreadsafe(echo, i);
      }
      return spawned;
    });
    for (let i = 0; i < 3; i++) {
      await delay(1);
      expect(await group.next().runCoroutineThreadsafe(echo, i)).to.equal(i);
    }
    await group.close();
  });

  it('threads that end, by themselves or terminated, leave their eventfd to later threads', () =>
    run(async () => {
      const serve = async (): Promise<void> => {
        await using group = await LoopGroup.spawn({ loops: 2, onExit: () => undefined });
        await Promise.all(group.loops.map((ref) => ref.runCoroutineThreadsafe(echo, 1)));
        await delay(2);
        await group.loops[0]?.runCoroutineThreadsafe(echo, 1);
        await group.loops[1]?.runCoroutineThreadsafe(dieNow).catch(() => undefined);
      };
      await serve();
      const before = eventfds();
      for (let i = 0; i < 4; i++) await serve();
      expect(eventfds()).to.be.at.most(before + 2); // a thread that is about to end may still have one
    })).timeout(30_000);

  it('without koffi, loops are woken by Atomics.notify(), and who asked for the eventfd is told', async () => {
    const fixture = new URL('./fixtures/no-eventfd.js', import.meta.url).pathname;
    const { stdout } = await execute(process.execPath, [fixture]);
    expect(stdout.trim().split('\n')).to.deep.equal(['answered', 'RINGLOOP_WAKEUP', 'answered']);
  });

  it('any other way to wake is refused', async () => {
    const wrong = { wakeup: 'signal' as 'eventfd' };
    const expected = {
      code: 'ERR_INVALID_ARG_VALUE',
      message: `wakeup must be 'atomics' or 'eventfd', got 'signal'`,
    };
    expect(() => new EventLoop(wrong))
      .to.throw(TypeError)
      .that.deep.includes(expected);
    const refused = (await LoopGroup.spawn(wrong).then(String, (error: unknown) => error)) as Error;
    expect(refused).to.be.instanceOf(TypeError).that.deep.includes(expected);
  });
});
