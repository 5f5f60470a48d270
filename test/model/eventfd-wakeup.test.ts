/** Waking by an eventfd (threadsafe/src/memory/wake-word.ts, rules 9 and 10) under the explorer: no wake-up is lost, whoever is killed. */
import { expect } from 'chai';
import { readBell } from './wake-word-programs.js';
import { explore, type Exploration, type Outcome, type ThreadDescription } from './explorer.js';
import {
  type ListenerInput,
  makeWakeup,
  WORD_NAMES,
  type WakeupBuffers,
  type WriterInput,
} from './eventfd-wakeup-programs.js';
import { failureOf } from './exploring.js';

const MODULE = new URL('./eventfd-wakeup-programs.js', import.meta.url);

const writer = (producer: number, more: Partial<WriterInput> = {}): ThreadDescription => {
  const input: WriterInput = { producer, items: 1, writes: true, ...more };
  return { name: `producer${producer}`, module: MODULE, program: 'write', input };
};

const listener = (input: ListenerInput): ThreadDescription => ({
  name: 'owner',
  module: MODULE,
  program: 'listen',
  input,
  daemon: true,
});

const setting = (
  threads: ThreadDescription[],
  more: Partial<Exploration<WakeupBuffers>> = {},
): Exploration<WakeupBuffers> => ({
  threads,
  setup: makeWakeup,
  names: WORD_NAMES,
  check: expectAllSeen,
  ...more,
});

/** The owner sleeps in the end, and there is nothing that it should have seen. */
function expectAllSeen(buffers: WakeupBuffers, { killed }: Outcome): void {
  for (const number of [0, 1]) {
    const { published, returned, seen } = readBell(buffers, number);
    const due = killed === `producer${number}` ? returned : published;
    expect(seen, `seen of producer ${number}`).to.be.at.least(due);
  }
}

describe('model/eventfd-wakeup', () => {
  describe('wake() wakes an owner that listens to its eventfd', () => {
    it('wake() of one producer: in every schedule', async () => {
      const { schedules } = await explore(setting([writer(0), listener({ producers: 1 })]));
      expect(schedules).to.be.at.least(3_600);
    });

    it('wake() of one producer, twice', async () => {
      const threads = [writer(0, { items: 2 }), listener({ producers: 1 })];
      const { schedules } = await explore(setting(threads, { preemptions: 4 }));
      expect(schedules).to.be.at.least(2_200);
    });

    it('wake() of one that writes and one that can only notify', async () => {
      const threads = [writer(0), writer(1, { writes: false }), listener({ producers: 2 })];
      const { schedules } = await explore(setting(threads, { preemptions: 2 }));
      expect(schedules).to.be.at.least(1_300);
    });

    it('wake() of a producer that comes after one that was killed', async () => {
      const threads = [writer(0), { ...writer(1), startsAfter: 'producer0' }, listener({ producers: 2 })];
      const { kills } = await explore(setting(threads, { preemptions: 2, kill: ['producer0'] }));
      expect(kills).to.be.at.least(700);
    });

    it('wake() of two producers, one of which is killed', async () => {
      const threads = [writer(0), writer(1), listener({ producers: 2 })];
      const { kills } = await explore(setting(threads, { preemptions: 2, kill: ['producer0'] }));
      expect(kills).to.be.at.least(3_500);
    });
  });

  describe('wake() wakes an owner that stops listening meanwhile', () => {
    it('wake() of one producer, twice', async () => {
      const threads = [writer(0, { items: 2 }), listener({ producers: 1, stops: true })];
      const { schedules } = await explore(setting(threads, { preemptions: 4 }));
      expect(schedules).to.be.at.least(5_900);
    });

    it('wake() of two producers', async () => {
      const threads = [writer(0), writer(1), listener({ producers: 2, stops: true })];
      const { schedules } = await explore(setting(threads, { preemptions: 2 }));
      expect(schedules).to.be.at.least(2_200);
    });
  });

  describe('explore() finds what is wrong with', () => {
    const mute = ({ trace }: { trace: string }): void => {
      expect(trace).to.match(/owner: asleep on WAKE_WORD$/);
    };

    it('a wake() that writes before it says for whom', async () => {
      mute(await failureOf(setting([writer(0, { ring: 'writesFirst' }), listener({ producers: 1 })])));
    });

    it('a wake() that marks before it writes, where it is killed', async () => {
      const threads = [writer(0, { ring: 'marksFirst' }), writer(1), listener({ producers: 2 })];
      await explore(setting(threads, { preemptions: 2 }));
      mute(await failureOf(setting(threads, { preemptions: 2, kill: ['producer0'] })));
    });

    it('a wake() that looks for the eventfd before it looks at the wake-up word', async () => {
      const owner = listener({ producers: 1, stops: true });
      mute(
        await failureOf(
          setting([writer(0, { items: 2, ring: 'readsEventfdFirst' }), owner], { preemptions: 3 }),
        ),
      );
    });

    it('an owner that stops listening and does not look again', async () => {
      mute(await failureOf(setting([writer(0), listener({ producers: 1, stopsBlindly: true })])));
    });
  });
});
