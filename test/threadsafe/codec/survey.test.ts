import { inspect, types } from 'node:util';
import { expect } from 'chai';
import { sleep } from '@ringloop/core';
import { CloneError, LoopGroup, SharedQueue } from '@ringloop/threadsafe';
import { cross } from '../crossing.js';
import { createLoop, echo, exposeThing, loopWithInbox, type Thing } from '../fixtures/calls.js';
import { platformValues } from '../fixtures/platform-values.js';

/** What one can see of a value, classes included. A Buffer sends its own bytes, not its pool. */
function shown(value: unknown): string {
  const seen = new Set<unknown>();
  const classes = (each: unknown): string => {
    if (typeof each !== 'object' || each === null || seen.has(each)) return '';
    seen.add(each);
    const prototype = Object.getPrototypeOf(each) as { constructor: { name: string } } | null;
    const inner = types.isMap(each) ? [...each].flat() : Object.values(each);
    return `${prototype?.constructor.name}(${inner.map(classes).join()})`;
  };
  return `${classes(value)} ${inspect(value, { depth: 5 })}`;
}

/** What structured clone makes of it; null: it refuses. */
function cloned(value: unknown): string | null {
  try {
    return shown(structuredClone(value));
  } catch {
    return null;
  }
}

async function arrived(way: () => unknown): Promise<string | null> {
  try {
    return shown(await way());
  } catch (refusal) {
    expect(refusal).to.be.instanceOf(CloneError);
    return null;
  }
}

/** What cannot be bytes is refused by what takes only bytes. */
const NOT_BYTES = [
  'Blob',
  'File',
  'a Blob in an instance',
  'a Blob in a Map',
  'BlockList',
  'SocketAddress',
  'a secret KeyObject',
  'a private KeyObject',
  'CryptoKey',
  'Histogram',
  'WebAssembly.Module',
  'a shared WebAssembly.Memory',
  'SharedArrayBuffer',
  'a view of a SharedArrayBuffer',
];

describe('survey()', function () {
  this.slow(250);
  let group: LoopGroup;

  before(async () => {
    group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
    await group.next().runCoroutineThreadsafe(exposeThing, group.next());
  });
  after(() => group.close());

  for (const [what, make] of Object.entries(platformValues)) {
    it(`survey() lets arrive what structured clone would give, by every way: ${what}`, async () => {
      const value = make();
      const expected = cloned(value);
      const ref = group.next();
      expect(await arrived(() => cross(value)[0]), 'ring and broadcast channel').to.equal(expected);
      const call = await arrived(async () => (await ref.runCoroutineThreadsafe(echo, value))[0]);
      expect(call, 'transfer port').to.equal(expected);
      const thing = ref.wrap<Thing>('thing');
      expect(await arrived(() => thing.same(value)), 'proxy').to.equal(expected);
      const queue = new SharedQueue<unknown>();
      const item = await arrived(() => {
        queue.putNowait(value);
        return queue.getNowait();
      });
      expect(item, 'queue').to.equal(NOT_BYTES.includes(what) && value !== null ? null : expected);
      expect(queue.qsize()).to.equal(0);
    });
  }

  it('survey() lets a KeyObject cross in the first call into a loop, and any number of times in one turn', async () => {
    await using fresh = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
    const key = platformValues['a secret KeyObject']?.();
    const calls = Array.from({ length: 3 }, () => fresh.next().runCoroutineThreadsafe(echo, key));
    for (const call of calls) expect(shown((await call)[0])).to.equal(shown(key));
  });

  it('survey() lets a KeyObject cross between loops of one thread', async () => {
    const { loop, ref } = loopWithInbox();
    const key = platformValues['a secret KeyObject']?.();
    const running = loop.runUntilComplete(async () => {
      const call = ref.runCoroutineThreadsafe(echo, key, key);
      await sleep(0);
      return call;
    });
    const [first, second] = await running;
    expect(shown(first)).to.equal(shown(key));
    expect(second).to.equal(first);
    loop.close();
  });
});
