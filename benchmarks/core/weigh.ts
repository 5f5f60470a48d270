import { type Spread, spreadOf } from '../harness/statistics.js';
import { openNode, openPython } from './contender-process.js';
import { HOLDINGS } from './memory/holdings.js';
import type { Holding } from './memory/holding.js';
import { type Python, pythonLoops } from '../harness/python.js';

/** Pending at a time; arbitrary, and so many that what a loop has anyway does not count. */
const ITEMS = 100_000;
const ROUNDS = 3;

export interface Weight {
  readonly contender: string;
  readonly bytesEach: Spread;
}

export interface HoldingResult {
  readonly holding: string;
  readonly title: string;
  readonly items: number;
  readonly weights: readonly Weight[];
}

/** What pending things weigh: bytes on the heap for each, by V8's own count or Python's tracemalloc. */
export async function weighAll(python: Python | null): Promise<HoldingResult[]> {
  const results: HoldingResult[] = [];
  for (const holding of HOLDINGS) results.push(await weigh(holding, python));
  return results;
}

async function weigh({ name, title, contenders }: Holding, python: Python | null): Promise<HoldingResult> {
  const openers = contenders.map((contender) => () => openNode('memory', name, contender.name));
  const names = contenders.map((contender) => contender.name);
  if (python !== null) {
    for (const loop of pythonLoops(python)) {
      openers.push(() => openPython('memory', name, loop, python));
      names.push(loop);
    }
  }
  const weights: Weight[] = [];
  for (const [i, open] of openers.entries()) {
    const contender = open();
    const question = { items: ITEMS, width: ITEMS, atLeast: 0 };
    try {
      await contender.ask(question); // what is compiled at first use is on the heap, too
      const bytes: number[] = [];
      for (let round = 0; round < ROUNDS; round++) bytes.push(await contender.ask(question));
      weights.push({ contender: names[i] ?? '', bytesEach: spreadOf(bytes) });
    } finally {
      await contender.close();
    }
  }
  return { holding: name, title, items: ITEMS, weights };
}
