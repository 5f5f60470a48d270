/**
 * The process of one Node contender: `child.js <contender> <MB of ballast>`. Each line on its input is a question in JSON, each line of
 * its output its cost. peers/spawn.py speaks the same.
 */
import { createInterface } from 'node:readline';
import { CONTENDERS, type SpawnOne } from './contenders.js';
import type { Cost, Question } from './scenario.js';

const [name = '', ballastText = '0'] = process.argv.slice(2);
const run = CONTENDERS[name];
if (run === undefined) throw new Error(`No contender "${name}"`);
const ballast = Buffer.alloc(Number(ballastText) * 2 ** 20, 1); // written, so that it is in memory

await run(async (spawnOne) => {
  for await (const line of createInterface({ input: process.stdin })) {
    const cost = await costOf(spawnOne, JSON.parse(line) as Question); // our parent wrote it
    process.stdout.write(`${JSON.stringify(cost)}\n`);
  }
});
if (ballast.length > 0 && ballast.at(-1) !== 1) throw new Error('The ballast has changed'); // it is held until here

async function costOf(spawnOne: SpawnOne, { children, parallel, pipes }: Question): Promise<Cost> {
  const before = process.cpuUsage();
  const started = performance.now();
  let left = children;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await spawnOne(pipes);
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  const { user, system } = process.cpuUsage(before);
  return {
    cpuUs: (user + system) / children,
    wallUs: ((performance.now() - started) * 1000) / children,
  };
}
