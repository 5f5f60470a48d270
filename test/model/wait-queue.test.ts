/** Lines of those who wait for a lock or a permit (threadsafe/src/shared/) under the explorer: nobody waits for ever, whoever is killed. */
import { expect } from 'chai';
import { explore, type Exploration, type Outcome, type ThreadDescription } from './explorer.js';
import { failureOf } from './exploring.js';
import {
  type LineBuffers,
  makeLine,
  nameWord,
  readLine,
  type RepairerInput,
  type VisitorInput,
} from './shared-programs.js';

const MODULE = new URL('./shared-programs.js', import.meta.url);

type Visits = VisitorInput['visits'];
type More = Partial<VisitorInput>;

const visitor = (index: number, visits: Visits, more: More = {}): ThreadDescription => {
  const input: VisitorInput = { index, permits: 'lock', visits, ...more };
  return { name: `visitor${index}`, module: MODULE, program: 'visit', input };
};

const repairer = (
  victim: number,
  more: Partial<RepairerInput> = {},
  name = 'repairer',
): ThreadDescription => {
  const input: RepairerInput = { permits: 'lock', victim, ...more };
  return { name, module: MODULE, program: 'repair', input, startsAfter: `visitor${victim}` };
};

interface Setting extends Partial<Exploration<LineBuffers>> {
  readonly threads: ThreadDescription[];
  readonly permits?: VisitorInput['permits'];
  readonly value?: number;
  /** How many visits get in, where nobody is killed. */
  readonly entered?: number;
}

function setting({ permits = 'lock', value = 1, entered, ...more }: Setting): Exploration<LineBuffers> {
  return {
    setup: () => makeLine(permits, value),
    names: nameWord,
    check: (buffers, { killed }: Outcome) => {
      const seen = readLine(buffers);
      expect(seen.mostInside, 'inside at a time').to.be.at.most(value);
      if (killed !== null) return; // that nobody else waits for ever is what matters
      if (entered !== undefined) expect(seen.entered, 'entered').to.equal(entered);
    },
    ...more,
  };
}

async function expectSchedules(atLeast: number, options: Setting): Promise<void> {
  const { schedules } = await explore(setting(options));
  expect(schedules).to.be.at.least(atLeast);
}

async function expectProblem(problem: RegExp, options: Setting): Promise<void> {
  expect((await failureOf(setting(options))).message).to.match(problem);
}

describe('model/wait-queue', function () {
  this.slow(4000);

  describe('WaitQueue lets one at a time through, and nobody waits for ever', () => {
    it('WaitQueue of two threads: in every schedule', () =>
      expectSchedules(64, {
        threads: [visitor(0, ['enter']), visitor(1, ['enter'])],
        entered: 2,
        reduce: true,
      }));

    it('WaitQueue of two threads that always stand in it', () =>
      expectSchedules(5000, {
        threads: [visitor(0, ['stand']), visitor(1, ['stand'])],
        entered: 2,
        preemptions: 3,
      }));

    it('WaitQueue of two threads, one of which comes twice', () =>
      expectSchedules(2200, {
        threads: [visitor(0, ['enter', 'enter']), visitor(1, ['enter'])],
        entered: 3,
        preemptions: 3,
      }));

    it('WaitQueue of three threads', () =>
      expectSchedules(3000, {
        threads: [visitor(0, ['enter']), visitor(1, ['enter']), visitor(2, ['enter'])],
        entered: 3,
        preemptions: 2,
      }));

    it('WaitQueue one of whose waiters is cancelled as it is woken', () =>
      expectSchedules(6500, {
        threads: [visitor(0, ['enter']), visitor(1, ['cancel']), visitor(2, ['enter'])],
        preemptions: 2,
      }));
  });

  describe('WaitQueue lets as many through as there are permits', () => {
    for (const permits of ['counter', 'cells'] as const) {
      const two = { permits, value: 2 };
      it(`WaitQueue of three threads for two, with ${permits}`, () =>
        expectSchedules(1_100, {
          ...two,
          threads: [0, 1, 2].map((index) => visitor(index, ['enter'], two)),
          entered: 3,
          preemptions: 2,
        }));
    }

    it('WaitQueue of two threads that wait for permits of a third', () =>
      expectSchedules(9000, {
        permits: 'counter',
        value: 0,
        setup: () => makeLine('counter', 0),
        check: () => undefined,
        threads: [
          visitor(0, ['give', 'give'], { permits: 'counter' }),
          visitor(1, ['cancel'], { permits: 'counter' }),
          visitor(2, ['enter'], { permits: 'counter' }),
        ],
        preemptions: 2,
      }));
  });

  describe('WaitQueue goes on when a thread is killed', () => {
    for (const permits of ['lock', 'cells'] as const) {
      it(`WaitQueue of two threads, repaired by a third, with ${permits}`, () =>
        expectSchedules(1_600, {
          permits,
          threads: [
            visitor(0, ['enter'], { permits }),
            visitor(1, ['enter'], { permits }),
            repairer(0, { permits }),
          ],
          kill: ['visitor0'],
          preemptions: 2,
        }));
    }

    it('WaitQueue of two threads, repaired by two others at once', () =>
      expectSchedules(1400, {
        threads: [visitor(0, ['enter']), visitor(1, ['enter']), repairer(0), repairer(0, {}, 'second')],
        kill: ['visitor0'],
        preemptions: 1,
      }));
  });

  describe('explore() finds what is wrong with', () => {
    const two = (more: More): ThreadDescription[] => [
      visitor(0, ['enter'], more),
      visitor(1, ['enter'], more),
    ];

    it('a lock that is taken by a load and a store', () =>
      expectProblem(/^inside at a time/, {
        threads: two({ wrongPermits: 'loadThenStore' }),
        preemptions: 2,
      }));

    for (const wrongLine of ['publishLate', 'wakeWordLate', 'notifyOnly'] as const) {
      it(`a line that does ${wrongLine}`, () =>
        expectProblem(/^Deadlock/, { threads: two({ wrongLine }), preemptions: 2 }));
    }

    it('a release that wakes nobody', () =>
      expectProblem(/^Deadlock/, { threads: two({ givesSilently: true }), preemptions: 2 }));

    it('a waiter that is cancelled and wakes nobody', () =>
      expectProblem(/^Deadlock/, {
        threads: [
          visitor(0, ['enter']),
          visitor(1, ['cancel'], { leavesSilently: true }),
          visitor(2, ['enter']),
        ],
        preemptions: 2,
      }));

    it('a repair that clears the ticket of whoever has the slot by now', () =>
      expectProblem(/^Deadlock/, {
        threads: [
          { ...visitor(0, ['stand']), startsAfter: 'visitor1' },
          visitor(1, ['stand']),
          repairer(1, { wrongLine: 'expelByStore' }),
          repairer(1, { wrongLine: 'expelByStore' }, 'second'),
        ],
        kill: ['visitor1'],
        preemptions: 2,
      }));
  });
});
