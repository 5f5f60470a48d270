/** Waiting by blocking (threadsafe/src/memory/ring.ts, wake-word.ts, blocked-threads.ts) under the explorer: nobody waits for ever. */
import { expect } from 'chai';
import { makeBlocking, nameWord, type BlockingBuffers, type EnterInput } from './blocking-programs.js';
import { explore, type Exploration, type Outcome, type ThreadDescription } from './explorer.js';
import { failureOf } from './exploring.js';

const MODULE = new URL('./blocking-programs.js', import.meta.url);

const thread = (name: string, program: string, input: unknown, daemon = false): ThreadDescription => ({
  name,
  module: MODULE,
  program,
  input,
  daemon,
});

const setting = (
  threads: ThreadDescription[],
  more: Partial<Exploration<BlockingBuffers>> = {},
): Exploration<BlockingBuffers> => ({ threads, setup: makeBlocking, names: nameWord, ...more });

async function expectSchedules(atLeast: number, exploration: Exploration<BlockingBuffers>): Promise<void> {
  const { schedules } = await explore(exploration);
  expect(schedules).to.be.at.least(atLeast);
}

const EACH_SLEEPS = { preemptions: 3 };

describe('model/blocking', () => {
  describe('LaneWriter.waitForRoom()', () => {
    const writer = (wrong?: string): ThreadDescription => thread('writer', 'writeAll', { calls: 5, wrong });
    const reader = (wrong?: string): ThreadDescription => thread('reader', 'readAll', { calls: 5, wrong });

    it('waitForRoom() is woken when there is room', async () => {
      await expectSchedules(6300, setting([writer(), reader()], EACH_SLEEPS));
    });

    it('waitForHeadAsync() is woken when HEAD moves', async () => {
      const writer = thread('writer', 'writeAll', { calls: 3, drains: true });
      const reader = thread('reader', 'readAll', { calls: 3 });
      await expectSchedules(1800, setting([writer, reader], EACH_SLEEPS));
    });

    it('waitForRoom() that does not say that it waits would be caught', async () => {
      const failure = await failureOf(setting([writer('saysNothing'), reader()], EACH_SLEEPS));
      expect(failure.message).to.match(/^Deadlock/);
    });

    it('storeHead() that looks for waiters before it moves HEAD would be caught', async () => {
      const failure = await failureOf(setting([writer(), reader('looksFirst')], EACH_SLEEPS));
      expect(failure.message).to.match(/^Deadlock/);
    });

    it('storeHead() that takes back for the writer that it waits would be caught', async () => {
      const drains = thread('writer', 'writeAll', { calls: 3, drains: true });
      const reader = thread('reader', 'readAll', { calls: 3, wrong: 'takesBack' });
      const failure = await failureOf(setting([drains, reader], EACH_SLEEPS));
      expect(failure.message).to.match(/^Deadlock/);
    });
  });

  describe('Sleeper.block()', () => {
    const producer = thread('producer', 'publishAndRing', { items: 2 });
    const owner = (sleptBefore: boolean, wrong?: string): ThreadDescription =>
      thread('owner', 'blockOnBell', { items: 2, sleptBefore, wrong });

    it('block() is woken by wake()', async () => {
      await expectSchedules(870, setting([producer, owner(false)], { reduce: true }));
    });

    it('block() is woken though a waiter of an earlier sleep is woken first', async () => {
      await expectSchedules(1100, setting([producer, owner(true)], { preemptions: 4 }));
    });

    it('block() woken by a producer that notifies first would be caught', async () => {
      const wrong = thread('producer', 'publishAndRing', { items: 2, wrong: 'notifiesFirst' });
      const failure = await failureOf(setting([wrong, owner(false)]));
      expect(failure.message).to.match(/^Deadlock/);
    });

    it('block() by an owner that looks before it acknowledges would be caught', async () => {
      const failure = await failureOf(setting([producer, owner(false, 'looksBeforeHush')]));
      expect(failure.message).to.match(/^Deadlock/);
    });
  });

  describe('BlockedThreads', () => {
    const enter = (input: EnterInput): ThreadDescription => thread(`thread${input.who}`, 'enter', input);
    /** How many saw the circle: all but the one that is told wait for each other. */
    const someoneSees = (_: BlockingBuffers, { results }: Outcome): void => {
      expect(Object.values(results).flat()).to.include(true);
    };
    const nobodySees = (_: BlockingBuffers, { results }: Outcome): void => {
      expect(Object.values(results).flat()).not.to.include(true);
    };

    it('isInCircle() is true for one at least of two that wait for each other', async () => {
      const threads = [enter({ who: 1, whom: [2] }), enter({ who: 2, whom: [1] })];
      await expectSchedules(2500, setting(threads, { preemptions: 3, check: someoneSees }));
    });

    it('isInCircle() is true for one at least of three', async () => {
      const threads = [1, 2, 3].map((who) => enter({ who, whom: [(who % 3) + 1] }));
      await expectSchedules(6600, setting(threads, { preemptions: 2, check: someoneSees }));
    });

    it('isInCircle() is false where the waits of a circle were not at one time', async () => {
      // 1 waits for 2 only when 2 has ceased to wait for 1, and waits for 3, who never waits.
      const first = enter({ who: 1, whom: [3] });
      const threads = [first, enter({ who: 2, whom: [1, 3] })];
      await expectSchedules(4800, setting(threads, { preemptions: 3, check: nobodySees }));
    });

    it('isInCircle() is false where the answer is on its way', async () => {
      const threads = [thread('asking', 'ask', null), thread('answering', 'answerAndWait', null)];
      await expectSchedules(500, setting(threads, { preemptions: 3, check: nobodySees }));
    });

    it('waiting for a thread that was answered and not stirred would be caught', async () => {
      const threads = [thread('asking', 'ask', null), thread('answering', 'answerAndWait', 'stirsNobody')];
      const failure = await failureOf(setting(threads, { preemptions: 4, check: nobodySees }));
      expect(failure.message).to.match(/include true/);
    });

    it('entering after having looked would be caught', async () => {
      const threads = [1, 2].map((who) => enter({ who, whom: [3 - who], wrong: 'looksFirst' }));
      const failure = await failureOf(setting(threads, { preemptions: 4, check: someoneSees }));
      expect(failure.message).to.match(/include true/);
    });
  });
});
