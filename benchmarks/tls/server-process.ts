// A process of benchmarks/tls.ts: <name of a server>. Each line of its input is a question, see serving.ts.
import { createInterface } from 'node:readline';
import { SERVERS } from './servers.js';
import type { Answer, Question } from './serving.js';

const name = process.argv[2] ?? '';
const listen = SERVERS[name];
if (listen === undefined) throw new Error(`There is no server '${name}'`);

let port = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as Question; // the benchmark wrote it
  if (question.ask === 'listen') port = await listen(question);
  const { user, system } = process.cpuUsage();
  const answer: Answer = { port, user: user / 1e6, system: system / 1e6 };
  console.log(JSON.stringify(answer));
}
process.exit(); // its server keeps the process alive otherwise
