import { setTimeout as delay } from 'node:timers/promises';
import { BaseEventLoop } from '@ringloop/core';
import type { NodeContender } from '../scenario.js';

/** Bytes for each of `items` things that are pending. */
export type Weigh = (items: number) => Promise<number>;

/** One kind of thing that waits, as each contender has it. asyncio's and uvloop's half is in peers/memory.py. */
export interface Holding {
  /** In Python. */
  readonly name: string;
  readonly title: string;
  readonly contenders: readonly NodeContender<Weigh>[];
}

/** When to weigh: just filled, or when all that was begun has come to rest. */
export type When = 'at once' | 'at rest';

/** Lets what was pending come to its end. It also keeps alive what that needs. */
export type Release = () => void;

/** Until all that was begun has come to rest, in seconds; arbitrary, and more than it takes. */
const AT_REST = 0.2;

/** Weighs what `fill` makes, in a turn of a new loop. What nobody else would hold goes into the slots of `held`. */
export async function weighInLoop<H>(
  items: number,
  when: When,
  fill: (loop: BaseEventLoop, held: (H | null)[]) => Release,
): Promise<number> {
  const loop = new BaseEventLoop();
  const held = slots<H>(items);
  let bytes = 0;
  loop.callSoon(() => {
    const before = heapBytes();
    const release = fill(loop, held);
    const weigh = (): void => {
      bytes = heapBytes() - before;
      release();
      loop.callLater(AT_REST, loop.stop);
    };
    if (when === 'at once') weigh();
    else loop.callLater(AT_REST, weigh);
  });
  await loop.runForever();
  loop.close();
  held.length = 0;
  return bytes / items;
}

/** The same for what Node has itself. */
export async function weighInNode<H>(
  items: number,
  when: When,
  fill: (held: (H | null)[]) => Release,
): Promise<number> {
  const held = slots<H>(items);
  const before = heapBytes();
  const release = fill(held);
  if (when === 'at rest') await delay(AT_REST * 1000);
  const bytes = heapBytes() - before;
  release();
  held.length = 0;
  await delay(AT_REST * 1000);
  return bytes / items;
}

/** As large before it is filled as after. */
function slots<H>(items: number): (H | null)[] {
  return Array.from({ length: items }, () => null);
}

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('Cannot weigh anything: node runs without --expose-gc');
  globalThis.gc();
  globalThis.gc(); // weak references take one more
  return process.memoryUsage().heapUsed;
}
