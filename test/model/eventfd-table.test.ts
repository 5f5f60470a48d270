/** The table of eventfds (net/src/wakeup/eventfd-table.ts) under the explorer: no two threads have the same one. */
import { expect } from 'chai';
import { makeTable, type TableBuffers, type TakerInput, WORD_NAMES } from './eventfd-table-programs.js';
import { explore, type Exploration, type ThreadDescription } from './explorer.js';
import { failureOf } from './exploring.js';

const MODULE = new URL('./eventfd-table-programs.js', import.meta.url);

const taker = (task: number, more: Partial<TakerInput> = {}): ThreadDescription => {
  const input: TakerInput = { task, ...more };
  return { name: `thread${task}`, module: MODULE, program: 'takeEventfd', input };
};

const setting = (
  threads: ThreadDescription[],
  more: Partial<Exploration<TableBuffers>> = {},
): Exploration<TableBuffers> => ({ threads, setup: makeTable, names: WORD_NAMES, ...more });

describe('model/eventfd-table', () => {
  it('take() by two threads: in every schedule', async () => {
    const { schedules } = await explore(setting([taker(1), taker(2)]));
    expect(schedules).to.be.at.least(1_900);
  });

  it('take() of what another thread gives back', async () => {
    const threads = [taker(1, { givesBack: true }), taker(2), taker(3)];
    const { schedules } = await explore(setting(threads, { preemptions: 3 }));
    expect(schedules).to.be.at.least(11_000);
  });

  it('take() by two threads of what a third has left behind, wherever it ended', async () => {
    const dead = [1];
    const later = [taker(2, { dead }), taker(3, { dead })].map((thread) => ({
      ...thread,
      startsAfter: 'thread1',
    }));
    const check: Exploration<TableBuffers>['check'] = (_, { results }) => {
      expect([results.thread2, results.thread3]).not.to.include(null);
    };
    const { kills } = await explore(
      setting([taker(1), ...later], { preemptions: 2, kill: ['thread1'], check }),
    );
    expect(kills).to.be.at.least(380);
  });

  it('explore() finds what is wrong with a thread that looks and then takes', async () => {
    const { message } = await failureOf(setting([taker(1), taker(2, { take: 'bySight' })]));
    expect(message).to.contain('both have');
  });
});
