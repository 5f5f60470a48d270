/**
 * The process of one Node contender: `child.js <scenario> <contender>`. Each line on its input is a question in JSON, each
 * line of its output the figures. peers/dispatch.py and peers/NettyDispatch.java speak the same.
 */
import { createInterface } from 'node:readline';
import type { Question } from './scenario.js';
import { findScenario } from './scenarios.js';

const [name = '', contender = ''] = process.argv.slice(2);
const found = findScenario(name)?.contenders.find((one) => one.name === contender);
if (found?.runtime !== 'node') throw new Error(`No contender "${contender}" in ${name}`);
const workload = await found.open();
for await (const line of createInterface({ input: process.stdin })) {
  const figures = await workload.measure(JSON.parse(line) as Question); // our parent wrote it
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
await workload.close();
