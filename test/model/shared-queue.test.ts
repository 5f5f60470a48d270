/** ItemRing and QueueMemory (threadsafe/src/shared/) under the explorer: each item once and in order, whoever is killed. */
import { expect } from 'chai';
import { explore, type Exploration, type Outcome, type ThreadDescription } from './explorer.js';
import { failureOf } from './exploring.js';
import {
  type EndInput,
  makeQueue,
  makeRing,
  nameRingWord,
  type PutterInput,
  type QueueBuffers,
  type QueueInput,
  readRest,
  type TakerInput,
} from './shared-queue-programs.js';

const MODULE = new URL('./shared-queue-programs.js', import.meta.url);

const thread = (name: string, program: string, input: object): ThreadDescription => ({
  name,
  module: MODULE,
  program,
  input,
});

const putter = (input: PutterInput): ThreadDescription => thread(`putter${input.putter}`, 'putInRing', input);
const taker = (input: TakerInput, name = 'taker'): ThreadDescription => thread(name, 'takeFromRing', input);

const ring = (
  slots: number,
  threads: ThreadDescription[],
  more: Partial<Exploration<QueueBuffers>> = {},
): Exploration<QueueBuffers> => ({
  threads,
  setup: () => makeRing(slots),
  names: nameRingWord,
  check: (buffers, outcome) => expectEachOnce(buffers, outcome, slots, false),
  ...more,
});

const queue = (
  slots: number,
  threads: ThreadDescription[],
  more: Partial<Exploration<QueueBuffers>> = {},
): Exploration<QueueBuffers> => ({
  threads,
  setup: () => makeQueue(slots),
  check: (buffers, outcome) => expectEachOnce(buffers, outcome, slots, true),
  ...more,
});

/** What was put is taken once or still there, and each putter's items in the order in which it put them. */
function expectEachOnce(
  buffers: QueueBuffers,
  { results, killed }: Outcome,
  slots: number,
  inQueue: boolean,
): void {
  const { rest, put } = readRest(buffers, slots, inQueue);
  const sent: string[] = [];
  const seen: string[] = [];
  for (const [name, result] of Object.entries(results)) {
    if (Array.isArray(result)) (name.startsWith('putter') ? sent : seen).push(...(result as string[]));
    else if (result !== undefined && result !== null) sent.push(...(result as { put: string[] }).put);
    if (!name.startsWith('putter') && Array.isArray(result))
      expectOrder(result as string[], `order seen by ${name}`);
  }
  expectOrder(rest, 'order of the rest');
  seen.push(...rest);
  expect(new Set(seen).size, 'seen twice').to.equal(seen.length);
  if (killed === null) expect([...seen].sort(), 'seen').to.deep.equal([...sent].sort());
  else if (killed.startsWith('putter')) {
    // What it had put is there; of one more nobody knows.
    const victim = Number(killed.slice(-1));
    const letter = String.fromCharCode(0x61 + victim);
    expect(
      seen.filter((item) => item.startsWith(letter)).length - put[victim]!,
      'of the killed',
    ).to.be.within(0, 1);
    expect(seen.filter((item) => !item.startsWith(letter)).sort(), 'seen').to.deep.equal([...sent].sort());
  }
}

function expectOrder(items: readonly string[], what: string): void {
  for (const letter of ['a', 'b', 'c']) {
    const of = items.filter((item) => item.startsWith(letter));
    expect(of, what).to.deep.equal([...of].sort());
  }
}

async function expectSchedules(atLeast: number, exploration: Exploration<QueueBuffers>): Promise<void> {
  const { schedules } = await explore(exploration);
  expect(schedules).to.be.at.least(atLeast);
}

async function expectProblem(problem: RegExp, exploration: Exploration<QueueBuffers>): Promise<void> {
  expect((await failureOf(exploration)).message).to.match(problem);
}

describe('model/shared-queue', function () {
  this.slow(4000);

  describe('ItemRing gives each item once and in order', () => {
    for (const slots of [1, 2]) {
      it(`ItemRing of ${slots}, a putter and a taker`, () =>
        expectSchedules(
          1700,
          ring(slots, [putter({ putter: 0, slots, items: 3 }), taker({ slots, looks: 3 })], {
            preemptions: 3,
          }),
        ));

      it(`ItemRing of ${slots}, two putters and a taker`, () =>
        expectSchedules(
          3000,
          ring(
            slots,
            [
              putter({ putter: 0, slots, items: 2 }),
              putter({ putter: 1, slots, items: 1 }),
              taker({ slots, looks: 2 }),
            ],
            { preemptions: 2 },
          ),
        ));
    }

    it('ItemRing of 2, a putter and two takers, whatever comes between two instructions', () =>
      expectSchedules(
        10000,
        ring(
          2,
          [
            putter({ putter: 0, slots: 2, items: 3 }),
            taker({ slots: 2, looks: 2 }),
            taker({ slots: 2, looks: 1 }, 'second'),
          ],
          { preemptions: 2, plainSteps: true },
        ),
      ));

    it('ItemRing of 2 when a putter is killed, and another takes its seat', () => {
      const input: EndInput = { slots: 2, victim: 0 };
      return expectSchedules(
        6000,
        ring(
          2,
          [
            putter({ putter: 0, slots: 2, items: 2 }),
            taker({ slots: 2, looks: 2 }),
            { ...thread('putter2', 'repairRing', input), startsAfter: 'putter0' },
          ],
          { preemptions: 2, kill: ['putter0'] },
        ),
      );
    });

    it('ItemRing of 1 when a taker is killed', () =>
      expectSchedules(
        4700,
        ring(
          1,
          [
            putter({ putter: 0, slots: 1, items: 2 }),
            taker({ slots: 1, looks: 1 }),
            taker({ slots: 1, looks: 2 }, 'second'),
          ],
          { preemptions: 2, kill: ['taker'] },
        ),
      ));
  });

  describe('QueueMemory wakes who waits', () => {
    const putting = (input: QueueInput): ThreadDescription =>
      thread(`putter${input.putter ?? 0}`, 'putInQueue', input);
    const getting = (input: QueueInput, name = 'getter'): ThreadDescription =>
      thread(name, 'getFromQueue', input);

    it('QueueMemory of 1, one that puts and one that gets', () =>
      expectSchedules(
        3500,
        queue(1, [putting({ slots: 1, items: 2 }), getting({ slots: 1, items: 2 })], { preemptions: 2 }),
      ));

    it('QueueMemory of 1, one that puts and two that get', () =>
      expectSchedules(
        1100,
        queue(
          1,
          [
            putting({ slots: 1, items: 2 }),
            getting({ slots: 1, items: 1 }),
            getting({ slots: 1, items: 1 }, 'second'),
          ],
          { preemptions: 1 },
        ),
      ));

    it('QueueMemory whose getter is cancelled as an item comes', () =>
      expectSchedules(
        12000,
        queue(
          2,
          [
            putting({ slots: 2, items: 1 }),
            getting({ slots: 2, items: 0, cancelsOne: true }),
            { ...getting({ slots: 2, items: 1 }, 'second'), daemon: true },
          ],
          {
            preemptions: 2,
            check: (_, { results, states }) => {
              const early = (results.getter as string[]).length;
              expect(states.second).to.equal(early === 1 ? 'asleep' : 'finished');
            },
          },
        ),
      ));

    it('QueueMemory that is shut down: what was put before is got, and nobody waits for ever', () =>
      expectSchedules(
        1000,
        queue(
          1,
          [
            putting({ slots: 1, items: 2 }),
            getting({ slots: 1, items: 3 }),
            thread('closer', 'shutDown', { slots: 1 }),
          ],
          { preemptions: 1 },
        ),
      ));

    it('QueueMemory when one that puts is killed', () => {
      const input: EndInput = { slots: 1, victim: 0 };
      return expectSchedules(
        1000,
        queue(
          1,
          [
            putting({ slots: 1, items: 1 }),
            { ...getting({ slots: 1, items: 1 }), daemon: true },
            { ...thread('repairer', 'repairQueue', input), startsAfter: 'putter0' },
          ],
          {
            preemptions: 1,
            kill: ['putter0'],
            check: (buffers, { results, states }) => {
              const { rest } = readRest(buffers, 1, true);
              expect(rest, 'left while somebody waits').to.deep.equal([]);
              expect(states.getter === 'finished').to.equal(results.getter !== undefined);
            },
          },
        ),
      );
    });
  });

  describe('explore() finds what is wrong with', () => {
    it('a ring whose slot is emptied by a load and a store', () =>
      expectProblem(
        /^seen twice/,
        ring(
          2,
          [
            putter({ putter: 0, slots: 2, items: 1 }),
            taker({ slots: 2, looks: 1, wrong: 'plainTake' }),
            taker({ slots: 2, looks: 1, wrong: 'plainTake' }, 'second'),
          ],
          { preemptions: 2 },
        ),
      ));

    it('a ring in which a place is claimed before it is filled, when its putter is killed', () =>
      expectProblem(
        /^seen: expected/,
        ring(
          2,
          [
            putter({ putter: 0, slots: 2, items: 1, wrong: 'tailFirst' }),
            putter({ putter: 1, slots: 2, items: 1, wrong: 'tailFirst' }),
          ],
          { preemptions: 1, kill: ['putter0'] },
        ),
      ));

    it('a ring whose TAIL nobody else moves, when its putter is killed', () =>
      expectProblem(
        /^full for ever/,
        ring(
          2,
          [
            putter({ putter: 0, slots: 2, items: 1, wrong: 'noHelp' }),
            { ...putter({ putter: 1, slots: 2, items: 1, wrong: 'noHelp' }), startsAfter: 'putter0' },
          ],
          {
            preemptions: 1,
            kill: ['putter0'],
            check: (_, { results }) =>
              expect((results.putter1 as { full: string[] }).full, 'full for ever').to.deep.equal([]),
          },
        ),
      ));
  });
});
