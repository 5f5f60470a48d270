// A Fastify application runs in two loops on one port. Its hooks run in each of them when the service closes.
//
// prints:
// {"hello":"Ada","loop":0}
// {"hello":"Bob","loop":1}
// the application has closed in 2 loops

import { LoopGroup, run, serveHttp } from 'ringloop';
import { countClosed, makeApp } from './19-fastify/app.js';

await run(async () => {
  await using group = await LoopGroup.spawn({ loops: 2 });
  const closed = new Int32Array(new SharedArrayBuffer(4));
  for (const ref of group) await ref.runCoroutineThreadsafe(countClosed, closed);

  const service = await serveHttp(group, makeApp, { host: '127.0.0.1', port: 0, distribute: 'least-busy' });
  for (const name of ['Ada', 'Bob']) {
    const response = await fetch(`http://127.0.0.1:${service.port}/hello/${name}`, {
      headers: { connection: 'close' },
    });
    console.log(await response.text());
  }
  await service.close({ timeout: 5 });
  console.log(`the application has closed in ${closed[0]} loops`);
});
