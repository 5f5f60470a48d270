import { expect } from 'chai';
import fc from 'fast-check';
import { InternalError } from '@ringloop/core';
import { type Ready, RUN } from '@ringloop/core/internal';
import {
  CallHandler,
  FunctionTable,
  Kind,
  type LaneOwner,
  LaneReader,
  type RecordHandlers,
  Ring,
  TAIL,
} from '@ringloop/threadsafe/internal';

const CAPACITY_BYTES = 256;

/** What a lane tells of when anything may stand in it. */
function readAll(
  bytes: Uint8Array,
  tail: number,
  onCorrupted: (reason: Error) => void = () => undefined,
): { readonly lane: LaneReader; readonly steps: number } {
  const ring = Ring.allocate(CAPACITY_BYTES);
  ring.bytes.set(bytes);
  ring.header[TAIL] = tail;
  let steps = 0;
  const step = (): void => {
    steps++;
  };
  const attempt = (read: () => unknown): void => {
    step();
    try {
      read();
    } catch {
      // as an inbox that tells the caller
    }
  };
  const read = (lane: LaneReader, at: number): void => attempt(() => lane.readArguments(at));
  const readTask = (lane: LaneReader, at: number): void => attempt(() => lane.readTask(at));
  const owner: LaneOwner = {
    isSealed: () => false,
    addReady: (entry: Ready) => entry[RUN](),
    putBack: step,
    mayGoOn: () => true,
    takeOutOfBand: () => {
      throw new RangeError('The broadcast channel has nothing');
    },
    released: () => undefined,
    corrupted: (_, reason) => onCorrupted(reason),
  };
  const handlers: RecordHandlers = {
    calls: new CallHandler(step),
    others: {
      [Kind.TASK]: readTask,
      [Kind.RESULT]: read,
      [Kind.FAILURE]: read,
      [Kind.CANCELLED]: step,
      [Kind.CANCEL]: step,
    },
  };
  const lane = new LaneReader(1, ring, new FunctionTable(), owner, handlers);
  lane.collect();
  return { lane, steps };
}

/** Records that may be some writer's, and bytes that are nobody's. */
const record = fc.record({
  kind: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.nat({ max: 255 })),
  sizeBytes: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 8 }).map((units) => units * 8) },
    { weight: 1, arbitrary: fc.nat({ max: 300 }) },
  ),
  rest: fc.uint8Array({ minLength: 60, maxLength: 60 }),
});

function lay(records: readonly { kind: number; sizeBytes: number; rest: Uint8Array }[]): Uint8Array {
  const bytes = Buffer.alloc(CAPACITY_BYTES);
  let at = 0;
  for (const { kind, sizeBytes, rest } of records) {
    if (at + 64 > CAPACITY_BYTES) break;
    bytes.writeInt32LE((kind << 24) | sizeBytes, at);
    bytes.set(rest, at + 4);
    at += Math.max(8, sizeBytes & ~7);
  }
  return bytes;
}

const runs = { numRuns: Number(process.env.RINGLOOP_FUZZ ?? 3000) };
const anyTail = fc.integer({ min: 0, max: CAPACITY_BYTES / 8 }).map((units) => units * 8);

function expectEnd(bytes: Uint8Array, tail: number): void {
  const { lane, steps } = readAll(bytes, tail);
  expect(steps).to.be.at.most(CAPACITY_BYTES / 8 + 1);
  expect(lane.hasNews()).to.equal(false); // or its loop would never sleep
}

describe('LaneReader and bytes that no writer wrote', () => {
  it('collect() comes to its end, whatever bytes stand in the ring', () => {
    const anyBytes = fc.uint8Array({ minLength: CAPACITY_BYTES, maxLength: CAPACITY_BYTES });
    fc.assert(fc.property(anyBytes, anyTail, expectEnd), runs);
  });

  it('collect() comes to its end, whatever records stand in the ring', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 16 }), anyTail, (records, tail) =>
        expectEnd(lay(records), tail),
      ),
      runs,
    );
  });

  it('collect() gives up a lane that it cannot read, tells of it, and reads nothing more there', () => {
    const told: Error[] = [];
    const { lane } = readAll(Buffer.alloc(CAPACITY_BYTES), 16, (reason) => told.push(reason));
    expect(told.map(({ message }) => message)).to.deep.equal([
      'Cannot read a record of thread 0: its later records are lost too (this is a bug in ringloop, please report it)',
    ]);
    expect(told[0]?.cause)
      .to.be.instanceOf(InternalError)
      .with.property('message')
      .that.includes('kind 0, 0 bytes');
    expect([lane.collect(), lane.hasNews(), lane.isEmpty()]).to.deep.equal([false, false, true]);
    expect(told.length).to.equal(1);
  });
});
