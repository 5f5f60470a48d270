/**
 * The lanes of an inbox under the explorer (threadsafe/src/memory/inbox-memory.ts, inbox-reader.ts): claimed by one producer at a
 * time, read to their end, and free again, whoever is killed.
 */
import { expect } from 'chai';
import { explore, type Exploration, type ThreadDescription } from './explorer.js';
import { failureOf } from './exploring.js';
import { makeInbox, nameWord, readInbox, type InboxBuffers, type ProducerInput } from './inbox-programs.js';

const MODULE = new URL('./inbox-programs.js', import.meta.url);

const producer = (
  index: number,
  more: Partial<ProducerInput> = {},
  startsAfter?: string,
): ThreadDescription => {
  const input: ProducerInput = { index, calls: 1, leaves: true, ...more };
  const description = { name: `producer${index}`, module: MODULE, program: 'produce', input };
  return startsAfter === undefined ? description : { ...description, startsAfter };
};

/** The thread that learns of a producer's end. */
const witness = (index: number, name = `witness${index}`): ThreadDescription => ({
  name,
  module: MODULE,
  program: 'bury',
  input: index,
  startsAfter: `producer${index}`,
});

const OWNER: ThreadDescription = { name: 'owner', module: MODULE, program: 'own', daemon: true };

const setting = (
  threads: ThreadDescription[],
  more: Partial<Exploration<InboxBuffers>> = {},
): Exploration<InboxBuffers> => ({
  threads,
  setup: makeInbox,
  names: nameWord,
  check: expectAllFree,
  ...more,
});

/** All that was sent is seen, in order for each producer, and no lane is taken: for settings in which all leave. */
function expectAllFree(buffers: InboxBuffers): void {
  expectAllSeen(buffers);
  expect(readInbox(buffers).owners, 'owners').to.deep.equal([null, null, null]);
}

function expectAllSeen(buffers: InboxBuffers): void {
  const { seen, returned } = readInbox(buffers);
  for (const [index, count] of returned.entries()) {
    const from = seen.filter((value) => Math.floor(value / 10) === index).map((value) => value % 10);
    expect(from, `seen of producer ${index}`).to.deep.equal(from.map((_, i) => i + 1));
    expect(from.length, `seen of producer ${index}`).to.be.at.least(count);
  }
}

function expectOwnLanes(buffers: InboxBuffers): void {
  const taken = readInbox(buffers).lanes.filter((lane) => lane > 0);
  expect(new Set(taken).size, 'lanes').to.equal(taken.length);
}

/** What was let in has run; what was refused has not. */
function expectNoMoreSeen(buffers: InboxBuffers): void {
  expectAllSeen(buffers);
  const { seen, returned } = readInbox(buffers);
  const sum = returned.reduce((total, count) => total + count, 0);
  expect(seen.length, 'seen').to.equal(sum);
}

describe('model/inbox', () => {
  describe('InboxMemory.claimLane() gives each producer a lane of its own', () => {
    const both = [producer(0, { leaves: false }), producer(1, { leaves: false })];

    it('in every schedule', async () => {
      const { schedules } = await explore(setting(both, { check: expectOwnLanes, reduce: true }));
      expect(schedules).to.be.at.least(40);
    });

    it('while the owner looks', async () => {
      const check = (buffers: InboxBuffers): void => {
        expectOwnLanes(buffers);
        expectAllSeen(buffers);
      };
      const { schedules } = await explore(setting([...both, OWNER], { check, preemptions: 1 }));
      expect(schedules).to.be.at.least(200);
    });

    it('and to claim by a load and a store would be caught', async () => {
      const plainly = [0, 1].map((index) => producer(index, { leaves: false, claimsPlainly: true }));
      const error = await failureOf(setting(plainly, { check: expectOwnLanes, preemptions: 2 }));
      expect(error.message).to.match(/^lanes: expected 1 to equal 2/);
    });
  });

  describe('InboxMemory.leave() has the lane read to its end and then freed', () => {
    it('by its producer', async () => {
      const { schedules } = await explore(setting([producer(0), OWNER], { preemptions: 3 }));
      expect(schedules).to.be.at.least(1_500);
    });

    it('by two producers', async () => {
      const { schedules } = await explore(setting([producer(0), producer(1), OWNER], { preemptions: 1 }));
      expect(schedules).to.be.at.least(350);
    });

    it('for the next producer', async () => {
      const threads = [producer(0), producer(1, {}, 'producer0'), OWNER];
      const { schedules } = await explore(setting(threads, { preemptions: 2 }));
      expect(schedules).to.be.at.least(2_000);
    });

    // A lane that was freed while its last call ran had its HEAD stored into the next producer's ring.
    it('for the next producer, when the last call itself looks at the inbox', async () => {
      const owner = { ...OWNER, input: { looksWithin: true } };
      const threads = [producer(0), producer(1, {}, 'producer0'), owner];
      const { schedules } = await explore(setting(threads, { preemptions: 2 }));
      expect(schedules).to.be.at.least(3_900);
    });

    it('by the thread that saw its producer killed', async () => {
      const threads = [producer(0, { leaves: false }), witness(0), OWNER];
      const { kills } = await explore(setting(threads, { preemptions: 2, kill: ['producer0'] }));
      expect(kills).to.be.at.least(1_500);
    });

    it('by the thread that saw its producer killed while it left', async () => {
      const threads = [producer(0), witness(0), OWNER];
      const { kills } = await explore(setting(threads, { preemptions: 1, kill: ['producer0'] }));
      expect(kills).to.be.at.least(400);
    });

    it('by a second thread that saw its producer end, after the first was killed', async () => {
      const threads = [producer(0, { leaves: false }), witness(0), witness(0, 'second'), OWNER];
      const { kills } = await explore(setting(threads, { preemptions: 1, kill: ['witness0'] }));
      expect(kills).to.be.at.least(800);
    });

    it('and to look before seeing that it was left would be caught', async () => {
      const hasty = { name: 'owner', module: MODULE, program: 'ownTooQuickly', input: 4 };
      const threads = [producer(0, { calls: 2 }), hasty];
      const error = await failureOf(setting(threads, { check: expectAllSeen, preemptions: 3 }));
      expect(error.message).to.match(/^seen of producer 0: expected 1 to be at least 2/);
    });
  });

  describe('InboxReader.seal() refuses a call or sees it', () => {
    const sealing: ThreadDescription = { ...OWNER, program: 'ownAndSeal' };

    it('when it comes from a new producer, which leaves', async () => {
      const threads = [producer(0, { calls: 2 }), sealing];
      const { schedules } = await explore(setting(threads, { check: expectNoMoreSeen, preemptions: 2 }));
      expect(schedules).to.be.at.least(1_100);
    });

    it('when it comes from two new producers', async () => {
      const threads = [producer(0), producer(1), sealing];
      const { schedules } = await explore(setting(threads, { check: expectNoMoreSeen, preemptions: 1 }));
      expect(schedules).to.be.at.least(550);
    });

    it('and to withdraw a lane by a load and a store would be caught', async () => {
      const plainly = { name: 'owner', module: MODULE, program: 'sealPlainly' };
      const threads = [producer(0, { leaves: false }), plainly];
      const error = await failureOf(setting(threads, { check: expectNoMoreSeen, preemptions: 2 }));
      expect(error.message).to.match(/^seen of producer 0: expected \+?0 to be at least 1/);
    });
  });
});
