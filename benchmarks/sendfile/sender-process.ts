// A process of benchmarks/sendfile.ts: <name of a sender>. Each line of its input is a question, see sending.ts.
import { createInterface } from 'node:readline';
import type { Answer, Question } from './sending.js';
import { SENDERS } from './senders.js';

const name = process.argv[2] ?? '';
const send = SENDERS[name];
if (send === undefined) throw new Error(`There is no sender '${name}'`);

for await (const line of createInterface({ input: process.stdin })) {
  const { path, port } = JSON.parse(line) as Question; // the benchmark wrote it
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  await send(path, port);
  const { user, system } = process.cpuUsage(cpu);
  const answer: Answer = {
    user: user / 1e6,
    system: system / 1e6,
    seconds: (performance.now() - start) / 1e3,
  };
  console.log(JSON.stringify(answer));
}
