/** The wake-up word (threadsafe/src/memory/wake-word.ts) under the explorer: no wake-up is lost, whoever is killed. */
import { expect } from 'chai';
import { explore, type Exploration, type Outcome, type ThreadDescription } from './explorer.js';
import {
  makeBell,
  readBell,
  WORD_NAMES,
  type BellBuffers,
  type OwnerInput,
  type ProducerInput,
} from './wake-word-programs.js';
import { failureOf } from './exploring.js';

const MODULE = new URL('./wake-word-programs.js', import.meta.url);

type Wrong = Pick<ProducerInput, 'ring'>;

const producer = (number: number, items: number, wrong: Wrong = {}): ThreadDescription => {
  const input: ProducerInput = { producer: number, items, ...wrong };
  return { name: `producer${number}`, module: MODULE, program: 'produce', input };
};

const owner = (input: OwnerInput): ThreadDescription => ({
  name: 'owner',
  module: MODULE,
  program: 'own',
  input,
  daemon: true,
});

const setting = (
  threads: ThreadDescription[],
  more: Partial<Exploration<BellBuffers>> = {},
): Exploration<BellBuffers> => ({
  threads,
  setup: makeBell,
  names: WORD_NAMES,
  check: expectAllSeen,
  ...more,
});

/** The owner sleeps in the end, and there is nothing that it should have seen. */
function expectAllSeen(buffers: BellBuffers, { killed }: Outcome): void {
  for (const number of [0, 1]) {
    const { published, returned, seen } = readBell(buffers, number);
    const due = killed === `producer${number}` ? returned : published;
    expect(seen, `seen of producer ${number}`).to.be.at.least(due);
  }
}

describe('model/wake-word', () => {
  describe('wake() wakes the owner', () => {
    it('wake() of one producer: in every schedule', async () => {
      const { schedules } = await explore(setting([producer(0, 1), owner({ producers: 1 })]));
      expect(schedules).to.equal(280);
    });

    it('wake() of one producer, twice: in every schedule', async () => {
      const threads = [producer(0, 2), owner({ producers: 1 })];
      const { schedules } = await explore(setting(threads, { reduce: true }));
      expect(schedules).to.be.at.least(2_000);
    });

    it('wake() of two producers', async () => {
      const threads = [producer(0, 1), producer(1, 1), owner({ producers: 2 })];
      const { schedules } = await explore(setting(threads, { preemptions: 3 }));
      expect(schedules).to.be.at.least(6_000);
    });
  });

  describe('wake() that has returned is seen by callSoon(), also when the owner has woken by itself', () => {
    const restless = { ownWakeUps: 1, callsSoon: true };

    it('wake() of one producer: in every schedule', async () => {
      const threads = [producer(0, 1), owner({ producers: 1, ...restless })];
      const { schedules } = await explore(setting(threads, { reduce: true }));
      expect(schedules).to.be.at.least(900);
    });

    it('wake() of two producers', async () => {
      const threads = [producer(0, 1), producer(1, 1), owner({ producers: 2, ...restless })];
      const { schedules } = await explore(setting(threads, { preemptions: 2 }));
      expect(schedules).to.be.at.least(1_000);
    });
  });

  describe('wake() whose producer is killed silences nobody', () => {
    const threads = [producer(0, 1), producer(1, 1), owner({ producers: 2 })];

    it('wake() of a producer that comes later: in every schedule', async () => {
      const later = [threads[0]!, { ...threads[1]!, startsAfter: 'producer0' }, threads[2]!];
      const { kills } = await explore(setting(later, { kill: ['producer0'], reduce: true }));
      expect(kills).to.be.at.least(500);
    });

    it('wake() of a producer that wakes meanwhile', async () => {
      const { kills } = await explore(setting(threads, { kill: ['producer0'], preemptions: 2 }));
      expect(kills).to.be.at.least(1_000);
    });
  });

  describe('explore() finds what is wrong with', () => {
    const mute = ({ trace }: { trace: string }): void => {
      expect(trace).to.match(/owner: asleep on WAKE_WORD$/);
    };

    for (const sleeper of ['lookThenSleep', 'asleepFirst'] as const) {
      it(`a sleeper that does ${sleeper}`, async () => {
        mute(await failureOf(setting([producer(0, 1), owner({ producers: 1, sleeper })])));
      });
    }

    it('a sleeper without an epoch', async () => {
      const threads = [producer(0, 1), producer(1, 1), owner({ producers: 2, sleeper: 'noEpoch' })];
      mute(await failureOf(setting(threads, { preemptions: 3 })));
    });

    it('an owner that acknowledges after it has looked', async () => {
      mute(await failureOf(setting([producer(0, 1), owner({ producers: 1, acknowledgesLate: true })])));
    });

    it('a wake() that tries once only', async () => {
      mute(await failureOf(setting([producer(0, 1, { ring: 'onceOnly' }), owner({ producers: 1 })])));
    });

    it('a wake() that notifies without leaving a mark', async () => {
      const restless = owner({ producers: 1, ownWakeUps: 1, callsSoon: true });
      const error = await failureOf(setting([producer(0, 1, { ring: 'notifyOnly' }), restless]));
      expect(error.message).to.contain('A call of producer 0 was overtaken');
    });

    it('a wake() that notifies last, where it is killed', async () => {
      const threads = [producer(0, 1, { ring: 'notifyLast' }), producer(1, 1), owner({ producers: 2 })];
      await explore(setting(threads, { preemptions: 2 }));
      mute(await failureOf(setting(threads, { preemptions: 2, kill: ['producer0'] })));
    });
  });
});
