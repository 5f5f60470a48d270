/** The table of slots (core/src/memory/slot-table.ts) that lanes, wait queues, queues, blocked threads and eventfds stand in. */
import { expect } from 'chai';
import { type Exploration, explore, type ThreadDescription } from './explorer.js';
import { failureOf } from './exploring.js';
import { type ClaimerInput, makeTable, type SlotBuffers, WORD_NAMES } from './slot-table-programs.js';

const MODULE = new URL('./slot-table-programs.js', import.meta.url);

const thread = (program: string, number: number, more: Partial<ClaimerInput> = {}): ThreadDescription => {
  const input: ClaimerInput = { number, ...more };
  return { name: `${program}${number}`, module: MODULE, program, input };
};
const claimer = (number: number, more: Partial<ClaimerInput> = {}): ThreadDescription =>
  thread('claimSlot', number, more);

const setting = (
  threads: ThreadDescription[],
  more: Partial<Exploration<SlotBuffers>> = {},
): Exploration<SlotBuffers> => ({ threads, setup: makeTable, names: WORD_NAMES, ...more });

/** Thread 1 is killed anywhere; a witness frees what it had, and two others still find a slot each. */
function afterAKill(wrong?: ClaimerInput['wrong']): Exploration<SlotBuffers> {
  const seen = { ...thread('witness', 1), startsAfter: 'claimSlot1' };
  const later = [2, 3].map((number) => ({ ...claimer(number), startsAfter: 'witness1' }));
  return setting([claimer(1, { wrong }), seen, ...later], {
    preemptions: 2,
    kill: ['claimSlot1'],
    check: (_, { results, killed }) => {
      if (killed !== null) expect([results.claimSlot2, results.claimSlot3]).not.to.include(null);
    },
  });
}

describe('model/slot-table', () => {
  it('claim() by two threads: in every schedule', async () => {
    const { schedules } = await explore(setting([claimer(1), claimer(2)]));
    expect(schedules).to.be.at.least(20);
  });

  it('claim() of what other threads give back', async () => {
    const threads = [claimer(1, { givesBack: true }), claimer(2, { givesBack: true }), claimer(3)];
    const { schedules } = await explore(setting(threads, { preemptions: 3 }));
    expect(schedules).to.be.at.least(500);
  });

  it('release() by two witnesses at once frees no slot of a later owner', async () => {
    const ended = claimer(1);
    const witnesses = [
      { ...thread('witness', 1), startsAfter: 'claimSlot1' },
      { ...thread('witness', 1), name: 'witness1b', startsAfter: 'claimSlot1' },
    ];
    const later = { ...claimer(2), startsAfter: 'claimSlot1' };
    const check: Exploration<SlotBuffers>['check'] = ({ table }, { results }) => {
      expect(Number(results.witness1) + Number(results.witness1b)).to.equal(1);
      expect([...new Int32Array(table)].slice(1)).to.include(2);
    };
    const { schedules } = await explore(setting([ended, ...witnesses, later], { preemptions: 3, check }));
    expect(schedules).to.be.at.least(200);
  });

  it('claim() of a thread that is killed leaves nothing that a witness does not find', async () => {
    const { kills } = await explore(afterAKill());
    expect(kills).to.be.at.least(3);
  });

  describe('explore() finds what is wrong with', () => {
    it('a thread that looks and then takes', async () => {
      const { message } = await failureOf(setting([claimer(1), claimer(2, { wrong: 'bySight' })]));
      expect(message).to.contain('both have');
    });

    it('a thread that counts its slot as used after it has claimed it', async () => {
      const { message } = await failureOf(afterAKill('usedLate'));
      expect(message).to.contain('null');
    });
  });
});
