/**
 * A lane under the explorer (threadsafe/src/memory/ring.ts, lane-writer.ts, lane-reader.ts, threadsafe-handle.ts): each call is
 * seen once and in order, or refused, or cancelled, and its sender knows which.
 */
import { expect } from 'chai';
import { explore, type Exploration, type Outcome } from './explorer.js';
import { failureOf } from './exploring.js';
import {
  makeLane,
  nameWord,
  readRest,
  returnedCalls,
  type LaneBuffers,
  type LaneSetup,
  type ReaderInput,
  type WriterInput,
  type WriterResult,
} from './lane-programs.js';

const MODULE = new URL('./lane-programs.js', import.meta.url);

interface Setting extends Partial<Exploration<LaneBuffers>> {
  readonly lane?: Partial<LaneSetup>;
  readonly writer: WriterInput;
  readonly reader: ReaderInput;
}

function setting({ lane = {}, writer, reader, ...more }: Setting): Exploration<LaneBuffers> {
  return {
    threads: [
      { name: 'writer', module: MODULE, program: 'write', input: writer },
      { name: 'reader', module: MODULE, program: 'read', input: reader },
    ],
    setup: () => makeLane({ capacityBytes: 64, ...lane }),
    names: nameWord,
    check: (buffers, outcome) => expectEachOnce(buffers, outcome, reader.seals === true),
    ...more,
  };
}

/** @param sealed the reader has looked for the last time */
function expectEachOnce(buffers: LaneBuffers, { results, killed }: Outcome, sealed: boolean): void {
  const seen = [...(results.reader as number[]), ...(sealed ? [] : readRest(buffers))];
  if (killed !== null) {
    const returned = returnedCalls(buffers);
    expect(seen.filter((value) => value <= returned).at(-1) ?? 0, 'seen').to.equal(returned);
    return;
  }
  const { sent, cancelled } = results.writer as WriterResult;
  expect(seen, 'seen').to.deep.equal(sent.filter((value) => !cancelled.includes(value)));
}

const PLAINLY = { plainSteps: true, preemptions: 2 };

async function expectSchedules(atLeast: number, options: Setting): Promise<void> {
  expect((await explore(setting(options))).schedules).to.be.at.least(atLeast);
}

async function expectProblem(problem: RegExp, options: Setting): Promise<void> {
  expect((await failureOf(setting(options))).message).to.match(problem);
}

describe('model/lane', () => {
  describe('LaneWriter and LaneReader, in a ring of two records that wraps', () => {
    const ends = { writer: { calls: 7 }, reader: { looks: 4 } };

    it('keep every call and their order: in every schedule', () =>
      expectSchedules(200, { ...ends, reduce: true }));

    it('hand over whole records, whatever comes between two instructions', () =>
      expectSchedules(2_000, { ...ends, ...PLAINLY, preemptions: 3 }));

    for (const start of [2 ** 31, 2 ** 32]) {
      it(`do so where positions pass 2^${Math.log2(start)}`, () =>
        expectSchedules(300, { ...ends, ...PLAINLY, lane: { start: start - 40 } }));
    }

    it('leave what was sent readable when the writer is killed', () =>
      expectSchedules(200, { ...ends, preemptions: 2, kill: ['writer'] }));

    it('would be caught publishing before the bytes are written', () =>
      expectProblem(/^seen: expected/, { ...ends, ...PLAINLY, writer: { calls: 7, wrong: 'publishFirst' } }));

    it('would be caught releasing before the bytes are read', () =>
      expectProblem(/^seen: expected/, { ...ends, ...PLAINLY, reader: { looks: 4, wrong: 'releaseFirst' } }));
  });

  describe('LaneWriter that goes on in a larger ring', () => {
    const once = { writer: { calls: 4, growths: 1 }, reader: { looks: 3 } };
    const twice = { writer: { calls: 9, growths: 2 }, reader: { looks: 3 }, preemptions: 2 };

    it('keeps every call and their order: in every schedule', () =>
      expectSchedules(100, { ...once, reduce: true }));

    it('keeps them, whatever comes between two instructions', () =>
      expectSchedules(300, { ...once, ...PLAINLY }));

    it('keeps them when it grows twice', () => expectSchedules(200, twice));

    it('keeps them when positions of the first ring pass 2^32', () =>
      expectSchedules(60, { ...once, preemptions: 2, lane: { start: 2 ** 32 - 48 } }));

    it('leaves what was sent readable when it is killed', () =>
      expectSchedules(1_000, { ...twice, kill: ['writer'] }));

    it('would be caught sending the larger ring after its JUMP', () =>
      expectProblem(/Broadcast channel lost message 1/, {
        ...once,
        ...PLAINLY,
        writer: { calls: 4, growths: 1, wrong: 'sendLate' },
      }));
  });

  describe('Ring.seal() lets a call in, and then it is seen, or refuses it', () => {
    const seals = { looks: 1, seals: true };

    it('in every schedule', () => expectSchedules(20, { writer: { calls: 4 }, reader: seals, reduce: true }));

    it('in every schedule, while the lane grows', () =>
      expectSchedules(80, { writer: { calls: 5, growths: 1 }, reader: seals, reduce: true }));

    it('while the lane grows twice', () =>
      expectSchedules(200, { writer: { calls: 9, growths: 2 }, reader: seals, preemptions: 2 }));

    it('whatever comes between two instructions', () =>
      expectSchedules(300, { writer: { calls: 5, growths: 1 }, reader: seals, ...PLAINLY }));

    it('and a flag instead, looked at before publishing, would be caught', () =>
      expectProblem(/^seen: expected/, {
        writer: { calls: 3, wrong: 'sealFlag' },
        reader: { ...seals, wrong: 'sealFlag' },
        reduce: true,
      }));
  });

  describe('Ring.giveUp() refuses a call, and its writer sees that the lane could not be read', () => {
    const givesUp = { looks: 1, givesUp: true };
    const expectGivenUp = (buffers: LaneBuffers, outcome: Outcome): void => {
      expectEachOnce(buffers, outcome, false);
      const { refused, givenUp } = outcome.results.writer as WriterResult;
      expect(givenUp, 'given up').to.equal(refused.length === 0 ? null : true);
    };

    it('in every schedule', () =>
      expectSchedules(30, {
        writer: { calls: 4, asksWhy: true },
        reader: givesUp,
        check: expectGivenUp,
        reduce: true,
      }));

    it('and to seal first would be caught', () =>
      expectProblem(/^given up: expected/, {
        writer: { calls: 3, asksWhy: true },
        reader: { ...givesUp, wrong: 'sealFirst' },
        check: expectGivenUp,
        reduce: true,
      }));
  });

  describe('ThreadsafeHandle.cancel() or the start of its call: one of them wins', () => {
    it('in every schedule', () =>
      expectSchedules(30, { writer: { calls: 2, cancels: 2 }, reader: { looks: 2 }, reduce: true }));

    it('when later calls stand where cancelled ones stood', () =>
      expectSchedules(250, { writer: { calls: 4, cancels: 4 }, reader: { looks: 2 }, preemptions: 3 }));

    it('when the lane has grown meanwhile', () =>
      expectSchedules(1_500, {
        writer: { calls: 5, cancels: 5, growths: 1 },
        reader: { looks: 2 },
        preemptions: 3,
      }));

    it('when a call that was refused stands where it stood', () =>
      expectSchedules(350, {
        writer: { calls: 4, cancels: 4 },
        reader: { looks: 2, seals: true },
        preemptions: 3,
      }));

    it('and to cancel by a load and a store would be caught', () =>
      expectProblem(/^seen: expected/, {
        writer: { calls: 2, cancels: 2, wrong: 'plainCancel' },
        reader: { looks: 2 },
        reduce: true,
      }));

    it('and to start by a load and a store would be caught', () =>
      expectProblem(/^seen: expected/, {
        writer: { calls: 2, cancels: 2 },
        reader: { looks: 2, wrong: 'plainStart' },
        reduce: true,
      }));
  });
});
