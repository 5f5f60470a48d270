// WebSockets of the package ws in two loops on one port. When the service closes, each is told with a code of its own.
//
// prints:
// Ada: echo from loop 0
// Bob: echo from loop 1
// Ada was closed: 1001
// Bob was closed: 1001

import { once } from 'node:events';
import { LoopGroup, run, serveHttp } from 'ringloop';
import { WebSocket } from 'ws';
import { makeServer } from './20-web-sockets/server.js';

await run(async () => {
  await using group = await LoopGroup.spawn({ loops: 2 });
  const service = await serveHttp(group, makeServer, { host: '127.0.0.1', port: 0 });

  const closed: Promise<number>[] = [];
  for (const name of ['Ada', 'Bob']) {
    const socket = new WebSocket(`ws://127.0.0.1:${service.port}`);
    await once(socket, 'open');
    socket.send(name);
    const [data] = (await once(socket, 'message')) as [Buffer];
    console.log(data.toString());
    closed.push(once(socket, 'close').then(([code]) => Number(code)));
  }

  await service.close();
  const [ada, bob] = await Promise.all(closed);
  console.log(`Ada was closed: ${ada}`);
  console.log(`Bob was closed: ${bob}`);
});
