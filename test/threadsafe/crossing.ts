import {
  type ArgumentPlan,
  Kind,
  planArguments,
  readArguments,
  Ring,
  sendOutOfBand,
  writeRecord,
} from '@ringloop/threadsafe/internal';
import { expect } from 'chai';

/** What calls are of here. */
export const sent = { name: 'f' };

const ring = Ring.allocate(1 << 22);

/** What `args` are after they were written into a ring and read out of it. */
export function cross(...args: readonly unknown[]): unknown[] {
  const plan = planArguments(args, sent);
  try {
    return writeAndRead(plan, args);
  } finally {
    plan.release();
  }
}

function writeAndRead(plan: ArgumentPlan, args: readonly unknown[]): unknown[] {
  const messages: unknown[] = [];
  const { sizeBytes, outOfBand } = plan;
  expect(sizeBytes % 8).to.equal(0);
  const broadcast = (value: unknown): number => messages.push(structuredClone(value)) - 1;
  const number = outOfBand === null ? 0 : (sendOutOfBand(outOfBand, args, broadcast, sent) ?? 0);
  const at = 6; // any 8-aligned record will do
  ring.words.fill(-1, 0, at + sizeBytes / 4 + 64); // no zeros that happen to be right
  writeRecord(ring.words, at, Kind.CALL, sizeBytes, 1, 0, plan.tags);
  plan.write(ring, at, number);
  const behind = ring.words.subarray(at + sizeBytes / 4, at + sizeBytes / 4 + 64);
  expect(behind.every((word) => word === -1)).to.equal(true); // nothing was written behind the record
  const read = readArguments(ring, at, (messageNumber) => messages[messageNumber]);
  ring.words.fill(0x5a5a5a5a, at, at + sizeBytes / 4); // what was read must not point into the record
  return read;
}

/** Whether they go as plain words, the fast way. */
export function isPlain(...args: readonly unknown[]): boolean {
  const plan = planArguments(args, sent);
  plan.release();
  return (plan.tags & 3) === 0;
}
