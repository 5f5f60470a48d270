/**
 * The explorer proved on toys: each bug is found, each sound program passes, and the number of schedules is the one that
 * counting by hand gives, so an explorer that skips schedules fails here.
 */
import { expect } from 'chai';
import { explore, ScheduleError, type Exploration, type Report, type ThreadDescription } from './explorer.js';
import { COUNTER, DATA, FLAG, LOCK, makeWords, QUEUE, WORD_NAMES } from './toys.js';

type Toys = ReturnType<typeof makeWords>;
type Options = Partial<Exploration<Toys>> & Pick<Exploration<Toys>, 'threads'>;

const MODULE = new URL('./toys.js', import.meta.url);

const toy = (name: string, program: string, more: Partial<ThreadDescription> = {}): ThreadDescription => ({
  name,
  module: MODULE,
  program,
  ...more,
});

const run = (options: Options): Promise<Report> =>
  explore({ setup: makeWords, names: WORD_NAMES, ...options });

const word = ({ words }: Toys, index: number): number => new Int32Array(words)[index]!;

async function failureOf(options: Options): Promise<ScheduleError> {
  try {
    await run(options);
  } catch (error) {
    if (error instanceof ScheduleError) return error;
    throw error;
  }
  throw new Error('No schedule failed');
}

const expectCounter = (value: number) => (buffers: Toys) => {
  expect(word(buffers, COUNTER), 'COUNTER').to.equal(value);
};

describe('model/explorer', () => {
  describe('explore() runs every schedule', () => {
    const adders = (times: readonly number[]) =>
      times.map((input, i) => toy(`adder${i}`, 'incrementByAdd', { input }));

    it('explore() runs 6!/(3!3!) schedules of two threads with three operations', async () => {
      const { schedules, steps } = await run({ threads: adders([3, 3]), check: expectCounter(6) });
      expect({ schedules, steps }).to.deep.equal({ schedules: 20, steps: 120 });
    });

    it('explore() runs 6!/(2!2!2!) schedules of three threads with two operations, all of them different', async () => {
      const seen = new Set<string>();
      const { schedules } = await run({
        threads: adders([2, 2, 2]),
        check: (buffers, { results }) => {
          expectCounter(6)(buffers);
          seen.add(Object.values(results).join());
        },
      });
      expect(schedules).to.equal(90);
      // Each thread saw the counter last at 1 … 5, no two at the same value, one of them at 5.
      expect(seen.size).to.equal(30);
    });

    it('explore() counts preemptions: only switches away from a thread that could go on', async () => {
      const counts: number[] = [];
      for (const preemptions of [0, 1, 2, 3, 4, 5]) {
        counts.push((await run({ threads: adders([3, 3]), preemptions })).schedules);
      }
      // Strings of three a and three b by their number of switches, less the switch at the end of a thread.
      expect(counts).to.deep.equal([2, 6, 14, 18, 20, 20]);
    });

    it('explore() with reduce runs one schedule of two threads that share nothing', async () => {
      const threads = [
        toy('left', 'incrementOwn', { input: [COUNTER, 4] }),
        toy('right', 'incrementOwn', { input: [QUEUE, 4] }),
      ];
      expect((await run({ threads })).schedules).to.equal(70);
      expect((await run({ threads, reduce: true })).schedules).to.equal(1);
    });

    it('explore() with reduce still runs every order of operations on the same word', async () => {
      const { schedules } = await run({ threads: adders([3, 3]), reduce: true, check: expectCounter(6) });
      expect(schedules).to.equal(20);
    });

    it('explore() rejects when there are more schedules than allowed', async () => {
      const error = await run({ threads: adders([3, 3]), maxSchedules: 19 }).catch((e: unknown) => e);
      expect(String(error)).to.contain('more than 19 schedules');
    });
  });

  describe('explore() finds lost updates', () => {
    const threads = [toy('a', 'incrementByStore'), toy('b', 'incrementByStore')];

    for (const options of [{}, { preemptions: 1 }, { reduce: true }]) {
      it(`explore(${JSON.stringify(options)}) finds the update lost between load and store`, async () => {
        const error = await failureOf({ threads, check: expectCounter(2), ...options });
        expect(error.message).to.contain('COUNTER: expected 1 to equal 2');
        expect(error.trace).to.match(/load\(COUNTER\) → 0[^]*load\(COUNTER\) → 0[^]*store\(COUNTER, 1\)/);
      });
    }

    it('explore() finds none without a preemption, in two schedules', async () => {
      const { schedules } = await run({ threads, check: expectCounter(2), preemptions: 0 });
      expect(schedules).to.equal(2);
    });
  });

  describe('explore() finds lost wake-ups', () => {
    const sleepers = (program: string) => [toy('producer', 'produce'), toy('consumer', program)];

    for (const options of [{}, { preemptions: 1 }, { reduce: true }]) {
      it(`explore(${JSON.stringify(options)}) finds the deadlock of look, then sleep`, async () => {
        const error = await failureOf({ threads: sleepers('consumeLookThenSleep'), ...options });
        expect(error.message).to.match(/^Deadlock, in schedule \d+:/);
        expect(error.trace.split('\n').map((line) => line.slice(6))).to.include.members([
          'consumer: load(QUEUE) → 0',
          'producer: add(QUEUE, 1) → 0',
          'producer: cas(ASLEEP, 1 → 0) → 0, failed',
          'consumer: store(ASLEEP, 1)',
          'consumer: waitAsync(ASLEEP, 1) → waiting',
          'producer: finished',
          'consumer: asleep on ASLEEP',
        ]);
      });

      it(`explore(${JSON.stringify(options)}) passes set ASLEEP, look again, then wait`, async () => {
        const { schedules } = await run({ threads: sleepers('consumeSleepThenLook'), ...options });
        expect(schedules).to.be.within(4, 35);
      });
    }

    it('explore() wakes only waiters registered before the notify', async () => {
      const threads = [toy('waiter', 'waitForFlag'), toy('notifier', 'notifyFlag')];
      const error = await failureOf({ threads });
      expect(error.trace).to.match(/notify\(FLAG, 1\) → nobody waits[^]*wait\(FLAG, 0\) → waiting/);
    });

    it('explore() passes the same waiter when the flag changes before the notify', async () => {
      const reasons = new Set<unknown>();
      const { schedules } = await run({
        threads: [toy('waiter', 'waitForFlag'), toy('raiser', 'raiseFlag')],
        check: (_, { results }) => reasons.add(results.waiter),
      });
      // wait first; wait after the store; wait after both.
      expect(schedules).to.equal(3);
      expect([...reasons].sort()).to.deep.equal(['not-equal', 'ok']);
    });

    it('explore() lets a timed wait time out when nobody else can go on, or at any time if asked to', async () => {
      const reasons = async (program: string, earlyTimeouts: boolean) => {
        const seen = new Set<unknown>();
        await run({
          threads: [toy('waiter', 'waitForFlag', { input: 5 }), toy('other', program)],
          earlyTimeouts,
          check: (_, { results }) => seen.add(results.waiter),
        });
        return [...seen].sort();
      };
      expect(await reasons('notifyFlag', false)).to.deep.equal(['ok', 'timed-out']);
      expect(await reasons('raiseFlag', false)).to.deep.equal(['not-equal', 'ok']);
      expect(await reasons('raiseFlag', true)).to.deep.equal(['not-equal', 'ok', 'timed-out']);
    });

    it('explore() settles the promise of a waiter, whose callbacks run at the next await', async () => {
      const orders = new Set<string>();
      await run({
        threads: [toy('sleeper', 'sleepByPromise'), toy('raiser', 'raiseFlag')],
        check: (_, { results }) => orders.add(String(results.sleeper)),
      });
      expect([...orders].sort()).to.deep.equal(['not-equal', 'slept: ok,settled: ok']);
    });

    it('explore() lets a daemon sleep at the end and shows check what it did', async () => {
      const threads = [toy('producer', 'produce'), toy('consumer', 'consumeForEver', { daemon: true })];
      const { schedules } = await run({
        threads,
        check: (buffers, { states }) => {
          expectCounter(1)(buffers);
          expect(states).to.deep.equal({ producer: 'finished', consumer: 'asleep' });
        },
      });
      expect(schedules).to.be.above(10);
    });
  });

  describe('explore() finds plain bytes written too late', () => {
    const check: Options['check'] = (_, { results }) => expect(results.reader).to.be.oneOf([null, 42]);

    it('explore() passes a flag published after its data', async () => {
      const threads = [toy('writer', 'publish'), toy('reader', 'readPublished')];
      expect((await run({ threads, check })).schedules).to.equal(2);
      expect((await run({ threads, check, plainSteps: true })).schedules).to.equal(6);
    });

    it('explore() with plainSteps finds a flag published before its data', async () => {
      const threads = [toy('writer', 'publishTooEarly'), toy('reader', 'readPublished')];
      const error = await failureOf({ threads, check, plainSteps: true });
      expect(error.message).to.contain('expected +0 to be one of [ null, 42 ]');
      expect(error.trace).to.contain('plain code');
    });
  });

  describe('explore() kills threads', () => {
    const locked = [toy('owner', 'incrementLocked'), toy('other', 'incrementLocked')];

    it('explore() passes the lock while nobody is killed', async () => {
      const { schedules, kills } = await run({ threads: locked, check: expectCounter(2) });
      expect(schedules).to.be.above(10);
      expect(kills).to.equal(0);
    });

    it('explore() finds the lock that a killed owner left locked', async () => {
      const error = await failureOf({ threads: locked, kill: ['owner'] });
      expect(error.message).to.match(/^Deadlock/);
      expect(error.trace).to.match(
        /owner: cas\(LOCK, 0 → 1\) → 0\n[^]*owner: killed[^]*other: asleep on LOCK/,
      );
    });

    it('explore() passes when a third thread repairs the lock after the end of its owner', async () => {
      const ends = new Set<string>();
      const { kills } = await run({
        threads: [locked[0]!, toy('repairer', 'repairLock', { startsAfter: 'owner' })],
        kill: ['owner'],
        check: (buffers, { states, killed }) => {
          expect(word(buffers, LOCK)).to.equal(0);
          ends.add(`${killed ?? 'nobody'} ${states.repairer!}`);
        },
      });
      // Before its cas, its store and its notify.
      expect(kills).to.equal(3);
      expect([...ends].sort()).to.deep.equal(['nobody finished', 'owner finished']);
    });

    it('explore() kills before each operation: C(n + k, n) schedules for each k', async () => {
      const { schedules, kills } = await run({
        threads: [
          toy('victim', 'incrementByAdd', { input: 3 }),
          toy('other', 'incrementByAdd', { input: 2 }),
        ],
        kill: ['victim'],
        check: (buffers, { killed, states, results }) => {
          if (killed === null) expectCounter(5)(buffers);
          else expect([states.victim, results.victim]).to.deep.equal(['killed', undefined]);
        },
      });
      // Killed before the 1st, 2nd, 3rd: 1 + 3 + 6 orders of what is left; not killed: 10.
      expect({ schedules, kills }).to.deep.equal({ schedules: 20, kills: 10 });
    });
  });

  describe('explore() tells misuse', () => {
    it('explore() reports a thread that spins', async () => {
      const error = await failureOf({ threads: [toy('spinner', 'spin')] });
      expect(error.message).to.contain('No end after 2000 steps');
      expect(error.trace.split('\n')).to.have.length.below(150);
    });

    it('explore() reports what a thread threw', async () => {
      const error = await failureOf({ threads: [toy('wrong', 'incrementOwn', { input: [99, 1] })] });
      expect(error.message).to.contain('Thread "wrong" threw RangeError: Cannot reach word 99 of 8');
    });

    it('explore() rejects a program that is not deterministic', async () => {
      const threads = [toy('a', 'unpredictable'), toy('b', 'unpredictable')];
      const error = await run({ threads }).catch((e: unknown) => e);
      expect(String(error)).to.contain('a thread is not deterministic');
    });

    it('explore() rejects a program that does not exist', async () => {
      const error = await run({ threads: [toy('a', 'nonsense')] }).catch((e: unknown) => e);
      expect(String(error)).to.contain('exports no such function');
    });

    it('explore() leaves the words that no thread touched as setup made them', async () => {
      const setup = () => {
        const buffers = makeWords();
        new Int32Array(buffers.words)[DATA] = 7;
        return buffers;
      };
      const threads = [toy('a', 'raiseFlag'), toy('b', 'raiseFlag')];
      const { schedules } = await run({
        threads,
        setup,
        check: (buffers) => expect([word(buffers, DATA), word(buffers, FLAG)]).to.deep.equal([7, 1]),
      });
      expect(schedules).to.equal(6);
    });
  });
});
