import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { LoopGroup } from 'ringloop';
import { enter, look, lookInTask, whatWasSeen } from './fixtures/identities.js';

describe('threadsafe/contexts', () => {
  it('What a called function enters in an AsyncLocalStorage ends with it: no other call, timer or task sees it', async () => {
    await using group = await LoopGroup.spawn({ loops: 1 });
    const ref = group.next();
    await ref.runCoroutineThreadsafe(whatWasSeen);
    for (const user of ['Ada', 'Grace']) {
      ref.callSoonThreadsafe(enter, user);
      ref.callSoonThreadsafe(look, 1);
      ref.callSoonThreadsafe(look, 'text');
      const task = ref.runCoroutineThreadsafe(lookInTask);
      await task;
      await delay(5); // real time: the timers
      ref.callSoonThreadsafe(look, 1);
      const seen: string[] = [];
      while (seen.length < 12) {
        await delay(5);
        seen.push(...(await ref.runCoroutineThreadsafe(whatWasSeen)));
      }
      expect(seen.filter((line) => !line.endsWith(': nobody'))).to.deep.equal([
        `callback that entered: ${user}`,
      ]);
    }
  });
});
