import { expect } from 'chai';
import fc from 'fast-check';
import type { Ready } from '@ringloop/core/internal';
import { RUN } from '@ringloop/core/internal';
import {
  FULL_LANE,
  CallHandler,
  type LaneOwner,
  LaneReader,
  LaneWriter,
  NO_FAST_PATH,
  SEALED_LANE,
  Ring,
  writeCallWithNumber,
} from '@ringloop/threadsafe/internal';
import { FunctionTable } from '@ringloop/threadsafe/internal';
import { lookUpRemote, REMOTE } from '@ringloop/threadsafe/internal';
import { note, noted } from '../fixtures/calls.js';

const FN = 1;

/** A lane of this thread alone: both ends, the broadcast channel a list, the ready queue another. */
function lane({ capacityBytes = 256, limitBytes = 4096 } = {}): {
  writer: LaneWriter;
  reader: LaneReader;
  ready: Ready[];
  send: (value: number) => boolean;
  runAll: () => void;
} {
  const messages: unknown[] = [];
  const ready: Ready[] = [];
  const first = Ring.allocate(capacityBytes);
  const functions = new FunctionTable();
  expect(lookUpRemote(note[REMOTE])).to.equal(note);
  void functions.define(FN, note[REMOTE]);
  const writer = new LaneWriter(first, (memory) => messages.push(memory) - 1, { limitBytes });
  const unexpected = (): never => {
    throw new Error('unexpected record');
  };
  const owner: LaneOwner = {
    isSealed: () => false,
    addReady: (entry) => ready.push(entry),
    putBack: (entry) => ready.unshift(entry),
    mayGoOn: () => true,
    corrupted: unexpected,
    takeOutOfBand: (_, number) => messages[number],
    released: () => undefined,
  };
  const handlers = { calls: new CallHandler(unexpected), others: {} };
  const reader = new LaneReader(1, first, functions, owner, handlers);
  return {
    writer,
    reader,
    ready,
    send(value) {
      // As an inbox writer does; every third one the long way, as for a call with other arguments.
      if (value % 3 !== 0 && writer.pushNumber(FN, value) !== NO_FAST_PATH) return true;
      const at = writer.claim(16);
      if (at === SEALED_LANE || at === FULL_LANE) return false;
      writeCallWithNumber(writer.ring, at, FN, value);
      return writer.publish();
    },
    runAll() {
      reader.collect();
      for (let entry = ready.shift(); entry !== undefined; entry = ready.shift()) entry[RUN]();
    },
  };
}

describe('LaneWriter and LaneReader', () => {
  afterEach(() => (noted.length = 0));

  it('carry any sequence of calls, however reading and writing take turns', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 30 }), (bursts) => {
        const { send, runAll } = lane();
        let sent = 0;
        for (const burst of bursts) {
          for (let i = 0; i < burst; i++) expect(send(sent++)).to.equal(true);
          runAll();
        }
        expect(noted.splice(0)).to.deep.equal(Array.from({ length: sent }, (_, i) => i));
      }),
    );
  });

  it('go on in a larger ring when the first is full, in order', () => {
    const { writer, send, runAll } = lane();
    for (let i = 0; i < 100; i++) expect(send(i)).to.equal(true);
    expect(writer.ring.capacityBytes).to.equal(1024);
    runAll();
    expect(noted).to.deep.equal(Array.from({ length: 100 }, (_, i) => i));
  });

  it('refuse a call that the largest ring has no room for, and take the next when there is', () => {
    const { writer, send, runAll } = lane();
    let sent = 0;
    while (send(sent)) sent++;
    expect(writer.claim(16)).to.equal(FULL_LANE);
    runAll();
    expect(send(sent)).to.equal(true);
    runAll();
    expect(noted).to.deep.equal(Array.from({ length: sent + 1 }, (_, i) => i));
  });

  it('run a batch only up to where the lane ended when it was collected', () => {
    const { reader, ready, send } = lane();
    send(1);
    reader.collect();
    send(2);
    reader.collect();
    expect(ready).to.have.length(2);
    ready[0]?.[RUN]();
    expect(noted).to.deep.equal([1]);
    ready[1]?.[RUN]();
    expect(noted).to.deep.equal([1, 2]);
  });

  it('refuse what comes after sealing, and run what came before', () => {
    const { reader, send, runAll } = lane();
    expect(send(1)).to.equal(true);
    reader.ring.seal();
    expect(send(2)).to.equal(false);
    expect(send(3)).to.equal(false);
    runAll();
    expect(noted).to.deep.equal([1]);
  });

  it('refuse a sealed lane also where the ring is full', () => {
    const { reader, send } = lane();
    for (let i = 0; i < 10; i++) send(i);
    reader.ring.seal();
    expect([send(10), send(11)]).to.deep.equal([false, false]);
  });
});
