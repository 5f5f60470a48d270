/**
 * The process of one server of Node: `node-server.js stream|datagram|http <name>`. Each line on its input is a question in JSON, each line of its
 * output the answer. It ends when its input does. peers/net.py and peers/net-epoll.c speak the same.
 */
import { createInterface } from 'node:readline';
import type { Listen, Listening } from './listening.js';
import { NODE_PROGRAMS } from './node-programs.js';
import type { ServerQuestion } from './server-process.js';

async function answer(listen: Listen, question: ServerQuestion): Promise<Listening | object> {
  if (question.ask === 'listen') return listen({ path: question.path ?? null });
  globalThis.gc?.(); // twice: what the first one makes unreachable by its finalizers goes in the second
  globalThis.gc?.();
  return {};
}

const [kind = '', name = ''] = process.argv.slice(2);
const programs: Readonly<Record<string, Readonly<Record<string, Listen>>>> = NODE_PROGRAMS;
const listen = programs[kind]?.[name];
if (listen === undefined) throw new Error(`No server "${name}" of "${kind}"`);
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as ServerQuestion; // our parent wrote it
  process.stdout.write(`${JSON.stringify(await answer(listen, question))}\n`);
}
process.exit(); // its connections keep the process alive otherwise
