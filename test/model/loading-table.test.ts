/** The table of threads that load koffi (net/src/libc/loading-table.ts) under the explorer: none is ended meanwhile. */
import { expect } from 'chai';
import { explore, type Exploration, type ThreadDescription } from './explorer.js';
import { failureOf } from './exploring.js';
import {
  type EnderInput,
  type LoaderInput,
  type LoadingBuffers,
  makeLoading,
  SLOTS,
  WORD_NAMES,
} from './loading-table-programs.js';

const MODULE = new URL('./loading-table-programs.js', import.meta.url);
/** The key of the thread that ends others. */
const MAIN = 3;

const loader = (self: number, wrong: Partial<LoaderInput> = {}): ThreadDescription => {
  const input: LoaderInput = { self, ...wrong };
  return { name: `loader${self}`, module: MODULE, program: 'loadKoffi', input };
};

const ender = (ends: number | null, threads: number, more: Partial<EnderInput> = {}): ThreadDescription => {
  const input: EnderInput = { self: MAIN, ends, threads, ...more };
  return { name: `ender${input.self}`, module: MODULE, program: 'endThreads', input };
};

const setting = (
  threads: ThreadDescription[],
  more: Partial<Exploration<LoadingBuffers>> = {},
): Exploration<LoadingBuffers> => ({ threads, setup: makeLoading, names: WORD_NAMES, ...more });

describe('model/loading-table', () => {
  it('doom() of a thread that loads, and then again: in every schedule', async () => {
    const again = { ...loader(1), name: 'loader1 again', startsAfter: 'loader1' };
    const { schedules } = await explore(setting([loader(1), again, ender(1, 1)]));
    expect(schedules).to.be.at.least(2_800);
  });

  it('doom() by two threads at once', async () => {
    const threads = [loader(1), ender(1, 1), ender(1, 1, { self: MAIN + 1 })];
    const { schedules } = await explore(setting(threads, { preemptions: 3 }));
    expect(schedules).to.be.at.least(1_000);
  });

  it('doomAll() while two threads load', async () => {
    const { schedules } = await explore(setting([loader(1), loader(2), ender(null, 2)], { preemptions: 2 }));
    expect(schedules).to.be.at.least(1_200);
  });

  it('doom() after a thread of the same slot was killed as it loaded: when its time is up', async () => {
    const threads = [loader(1), { ...loader(1 + SLOTS), startsAfter: 'loader1' }];
    const { kills } = await explore(
      setting(threads, {
        kill: ['loader1'],
        check: (_, { results }) => expect(results[`loader${1 + SLOTS}`]).to.equal('loaded'),
      }),
    );
    expect(kills).to.be.at.least(7);
  });

  describe('explore() finds what is wrong with', () => {
    it('ending a thread without asking', async () => {
      const { message } = await failureOf(setting([loader(1), ender(1, 1, { blindly: true })]));
      expect(message).to.contain('was ended while it loaded koffi');
    });

    it('looking whether the process ends before the slot is marked', async () => {
      const { message } = await failureOf(setting([loader(1, { looksFirst: true }), ender(null, 1)]));
      expect(message).to.contain('was ended while it loaded koffi');
    });
  });
});
