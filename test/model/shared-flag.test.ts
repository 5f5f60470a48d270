/** SharedEvent and CancelToken (threadsafe/src/shared/) under the explorer: who waits learns of it, whoever is killed. */
import { expect } from 'chai';
import { explore, type Exploration, type Outcome, type ThreadDescription } from './explorer.js';
import { failureOf } from './exploring.js';
import {
  type CancellerInput,
  EVENT_NAMES,
  type FlagBuffers,
  makeEvent,
  makeToken,
  type RaiserInput,
  TOKEN_NAMES,
  type WaiterInput,
  wasRaised,
} from './shared-flag-programs.js';

const MODULE = new URL('./shared-flag-programs.js', import.meta.url);

const thread = (name: string, program: string, input: unknown = {}): ThreadDescription => ({
  name,
  module: MODULE,
  program,
  input,
});

const raiser = (input: RaiserInput = {}): ThreadDescription => thread('raiser', 'raise', input);
const waiter = (input: WaiterInput = {}, name = 'waiter'): ThreadDescription =>
  thread(name, 'waitForEvent', input);
const canceller = (name: string, input: CancellerInput): ThreadDescription => thread(name, 'cancel', input);

const event = (
  threads: ThreadDescription[],
  more: Partial<Exploration<FlagBuffers>> = {},
): Exploration<FlagBuffers> => ({ threads, setup: makeEvent, names: EVENT_NAMES, ...more });

const token = (
  threads: ThreadDescription[],
  more: Partial<Exploration<FlagBuffers>> = {},
): Exploration<FlagBuffers> => ({ threads, setup: makeToken, names: TOKEN_NAMES, ...more });

/** Who waited when it was raised goes on; who came after it was lowered waits on. */
function expectWoken(buffers: FlagBuffers, { states }: Outcome): void {
  if (wasRaised(buffers)) expect(states.waiter, 'waiter').to.equal('finished');
}

async function expectSchedules(atLeast: number, exploration: Exploration<FlagBuffers>): Promise<void> {
  const { schedules } = await explore(exploration);
  expect(schedules).to.be.at.least(atLeast);
}

describe('model/shared-flag', function () {
  this.slow(4000);

  describe('SharedEvent.wait() goes on once it was set', () => {
    it('SharedEvent.wait() in another thread: in every schedule', () =>
      expectSchedules(8, event([raiser(), waiter()], { reduce: true })));

    it('SharedEvent.wait() in two other threads', () =>
      expectSchedules(600, event([raiser(), waiter(), waiter({}, 'second')], { preemptions: 3 })));

    it('SharedEvent.wait() that began before set() goes on though clear() follows at once', () =>
      expectSchedules(
        20,
        event([raiser({ clears: true }), { ...waiter(), daemon: true }], {
          reduce: true,
          check: expectWoken,
        }),
      ));

    it('SharedEvent.wait() of a thread that has given up a wait before: in every schedule', () =>
      expectSchedules(50, event([raiser(), waiter({ cancelsOne: true })], { reduce: true })));

    it('SharedEvent.wait() when who set it is killed before it wakes anybody', () =>
      expectSchedules(
        50,
        event(
          [
            raiser(),
            { ...waiter(), daemon: true },
            { ...thread('repairer', 'repairEvent'), startsAfter: 'raiser' },
          ],
          {
            kill: ['raiser'],
            preemptions: 3,
            check: ({ flag }, { states }) => {
              if ((new Int32Array(flag)[0]! & 1) === 1) expect(states.waiter).to.equal('finished');
            },
          },
        ),
      ));
  });

  describe('CancelToken.cancel() is seen by all', () => {
    const expectOneFirst: Exploration<FlagBuffers>['check'] = ({ flag }, { results, killed }) => {
      const ends = [results.one, results.other] as ({ first: boolean; cancelled: boolean } | undefined)[];
      for (const end of ends) expect(end?.cancelled ?? true, 'cancelled').to.equal(true);
      if (killed === null) expect(ends.filter((end) => end?.first === true)).to.have.length(1);
      expect(new Int32Array(flag)[0], 'STATE').to.not.equal(0);
      if (results.waiter !== undefined) expect([null, 'one', 'other']).to.include(results.waiter);
    };

    it('CancelToken.cancel() of one thread: in every schedule', () =>
      expectSchedules(
        11,
        token([canceller('one', { reason: 'one' }), thread('waiter', 'waitForToken')], {
          reduce: true,
          check: (_, { results }) => expect(results.waiter).to.equal('one'),
        }),
      ));

    it('CancelToken.cancel() of two threads at once', () =>
      expectSchedules(
        500,
        token(
          [
            canceller('one', { reason: 'one' }),
            canceller('other', { reason: 'other' }),
            thread('waiter', 'waitForToken'),
          ],
          { preemptions: 2, check: expectOneFirst },
        ),
      ));

    it('CancelToken.cancel() while a thread is killed that does the same', () =>
      expectSchedules(
        1400,
        token(
          [
            canceller('one', { reason: 'one' }),
            canceller('other', { reason: 'other' }),
            thread('waiter', 'waitForToken'),
          ],
          { preemptions: 2, kill: ['one'], check: expectOneFirst },
        ),
      ));
  });

  describe('explore() finds what is wrong with', () => {
    const deadlock = async (exploration: Exploration<FlagBuffers>): Promise<void> => {
      expect((await failureOf(exploration)).message).to.match(/^Deadlock/);
    };

    it('an event that wakes before it is set', () =>
      deadlock(event([raiser({ notifiesFirst: true }), waiter()], { reduce: true })));

    it('a waiter that looks at the flag once, and then sleeps whatever happened since', () =>
      deadlock(event([raiser(), waiter({ looksThenSleeps: true })], { reduce: true })));

    it('a waiter that does not see that the flag was raised and lowered', async () => {
      const slept = event(
        [raiser({ clears: true }), { ...waiter({ looksAtFlagOnly: true }), daemon: true }],
        {
          reduce: true,
          check: expectWoken,
        },
      );
      expect((await failureOf(slept)).message).to.match(/^waiter/);
    });

    it('a token that is marked as cancelled before its reason is written', async () => {
      const early = token(
        [
          canceller('one', { reason: 'one', stateFirst: true }),
          { ...thread('waiter', 'waitForToken'), daemon: true },
        ],
        { reduce: true, check: (_, { results }) => expect(results.waiter ?? 'one').to.equal('one') },
      );
      await failureOf(early);
    });
  });
});
