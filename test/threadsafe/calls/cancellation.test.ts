import { inspect } from 'node:util';
import { CancelledError, sleep, timeout, TimeoutError, wait, waitFor } from '@ringloop/core';
import { LoopGroup } from '@ringloop/threadsafe';
import { expect } from 'chai';
import { createLoop, echo, loopWithInbox } from '../fixtures/calls.js';
import { fails, hangs, slow, takeSlowLog } from '../fixtures/slow.js';
import { rejection } from '../../rejection.js';

describe('Calls into other threads, and groups, that are cancelled', () => {
  it('runCoroutineThreadsafe() that is cancelled cancels the task there, whoever waits for it', async () => {
    const { loop } = loopWithInbox();
    await loop.runUntilComplete(async () => {
      await using group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
      const ref = group.loop(0);
      await ref.runCoroutineThreadsafe(takeSlowLog); // its module is imported: that may take longer than the times below
      const ways: Record<string, () => PromiseLike<unknown>> = {
        'waitFor() of a function': () => waitFor(() => ref.runCoroutineThreadsafe(slow), 0.05),
        'waitFor() of the call': () => waitFor(ref.runCoroutineThreadsafe(slow), 0.05),
        timeout: () => timeout(0.05).run(async () => ref.runCoroutineThreadsafe(slow)),
        'Promise.race()': () =>
          timeout(0.05).run(async () => Promise.race([ref.runCoroutineThreadsafe(slow), sleep(9)])),
        generator: async () => {
          const task = loop.createTask(function* () {
            yield ref.runCoroutineThreadsafe(slow);
          });
          await sleep(0.05);
          task.cancel();
          await wait([task]);
          throw new CancelledError();
        },
      };
      for (const [name, way] of Object.entries(ways)) {
        await rejection(way());
        await sleep(0.05);
        expect([name, await ref.runCoroutineThreadsafe(takeSlowLog)]).to.deep.equal([name, ['cancelled']]);
      }
    });
    loop.close();
  });

  it('runCoroutineThreadsafe() returns what works as a promise, and with yield*', async () => {
    const { loop } = loopWithInbox();
    await loop.runUntilComplete(async () => {
      await using group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
      const ref = group.loop(0);
      await ref.runCoroutineThreadsafe(takeSlowLog); // its module is imported: that may take longer than the times below
      const log: unknown[] = [];
      const call = ref.runCoroutineThreadsafe(echo, 'hello');
      log.push(inspect(call));
      log.push(await call.finally(() => log.push('finally')), inspect(call));
      const failing = ref.runCoroutineThreadsafe(fails);
      log.push(await failing.catch((reason: unknown) => String(reason)));
      expect(inspect(failing)).to.match(/^<ConcurrentFuture failed exception=.*Error/);
      const delegated = loop.createTask(function* () {
        return yield* ref.runCoroutineThreadsafe(echo, 'stepped');
      });
      log.push(await delegated);
      const slowly = loop.createTask(function* () {
        yield* ref.runCoroutineThreadsafe(slow);
      });
      await sleep(0.05);
      slowly.cancel();
      await wait([slowly]);
      await sleep(0.05);
      log.push(await ref.runCoroutineThreadsafe(takeSlowLog));
      expect(log).to.deep.equal([
        '<ConcurrentFuture pending>',
        'finally',
        ['hello'],
        "<ConcurrentFuture finished result=[ 'hello' ]>",
        'Error: on purpose',
        ['stepped'],
        ['cancelled'],
      ]);
    });
    loop.close();
  });

  it('spawn() that is cancelled ends the workers before it throws', async () => {
    const { loop } = loopWithInbox();
    await loop.runUntilComplete(async () => {
      const spawn = (): ReturnType<typeof LoopGroup.spawn> =>
        LoopGroup.spawn({ loops: 2, loopFactory: createLoop, setup: hangs });
      expect(await rejection(waitFor(spawn(), 0.3))).to.be.instanceOf(TimeoutError);
      expect(await rejection(timeout(0.3).run(() => spawn()))).to.be.instanceOf(TimeoutError);
    });
    loop.close();
  });

  it('close() goes on when the task that awaits it is cancelled', async () => {
    const { loop } = loopWithInbox();
    await loop.runUntilComplete(async () => {
      const group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
      await rejection(waitFor(group.close(), 0));
      const [report] = await group.close();
      expect(report?.name).to.equal('loop-0');
    });
    loop.close();
  });
});
