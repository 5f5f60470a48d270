// Two loops, each in a thread of its own, listen on the same port; the kernel deals out the connections.
//
// prints:
// listening: loop-0, loop-1
// 32 connections answered
// by loop-0: …
// by loop-1: …

import { type EventLoop, getRunningLoop, LoopGroup, type Protocol, run } from 'ringloop';
import { serve, stopServing } from './07-one-port-many-loops/serve.js';

const CONNECTIONS = 32;

await run(async () => {
  await using group = await LoopGroup.spawn({ loops: 2 });

  // The first loop takes any free port, the others join it there.
  let port = 0;
  for (const loop of group.loops) port = await loop.runCoroutineThreadsafe(serve, port);
  console.log(`listening: ${group.loops.map((loop) => loop.name).join(', ')}`);

  const loop = getRunningLoop();
  const names = await Promise.all(Array.from({ length: CONNECTIONS }, () => askName(loop, port)));
  console.log(`${names.length} connections answered`);
  for (const { name } of group.loops) {
    console.log(`by ${name}: ${names.filter((answer) => answer === name).length}`);
  }
  for (const loop of group.loops) await loop.runCoroutineThreadsafe(stopServing);
});

/** Connects, and reads to the end. */
async function askName(loop: EventLoop, port: number): Promise<string> {
  const name = loop.createFuture<string>();
  let received = '';
  const client: Protocol = {
    dataReceived: (data) => {
      received += data.toString();
    },
    connectionLost: () => name.setResult(received),
  };
  await loop.createConnection(() => client, { host: '127.0.0.1', port });
  return name;
}
