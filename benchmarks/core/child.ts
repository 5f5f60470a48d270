/**
 * The process of one Node contender: `child.js time|memory <scenario> <contender>`. Each line on its input is a question in
 * JSON, each line of its output a number: seconds for each item, or bytes. peers/child.py speaks the same.
 */
import { createInterface } from 'node:readline';
import { HOLDINGS } from './memory/holdings.js';
import type { Weigh } from './memory/holding.js';
import type { Question } from './question.js';
import type { NodeContender, Workload } from './scenario.js';
import { SCENARIOS } from './scenarios.js';
import { Stopwatch } from './stopwatch.js';

/**
 * No gc() in between: V8 makes its new generation small again at each, and a short run then costs twice to three times what it
 * costs in a program that has run for a while. What earlier runs left behind is collected as it always is.
 */
async function secondsEach(work: Workload, { items, width, atLeast }: Question): Promise<number> {
  const watch = new Stopwatch();
  const giveUp = performance.now() + 2_000 * atLeast; // what is not timed takes its time, too
  let runs = 0;
  do {
    await work({ items, width }, watch);
    runs++;
  } while (watch.seconds < atLeast && performance.now() < giveUp);
  return watch.seconds / (runs * items);
}

async function openAnswer(
  kind: string,
  name: string,
  contender: string,
): Promise<(question: Question) => Promise<number>> {
  const named = <W>(
    sets: readonly { name: string; contenders: readonly NodeContender<W>[] }[],
  ): W | Promise<W> => {
    const found = sets.find((set) => set.name === name)?.contenders.find((one) => one.name === contender);
    if (found === undefined) throw new Error(`No contender "${contender}" in ${kind} ${name}`);
    return found.open();
  };
  if (kind === 'time') {
    const work = await named<Workload>(SCENARIOS);
    return (question) => secondsEach(work, question);
  }
  const weigh = await named<Weigh>(HOLDINGS);
  return ({ items }) => weigh(items);
}

const [kind = '', name = '', contender = ''] = process.argv.slice(2);
const answer = await openAnswer(kind, name, contender);
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await answer(JSON.parse(line) as Question)}\n`); // our parent wrote it
}
