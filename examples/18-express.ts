// An Express application runs in two loops, each in a thread of its own, on one port. Closing cuts no answer.
//
// prints:
// Hello Ada, from loop-0
// Hello Bob, from loop-1
// Hello Cleo, from loop-0
// loop-0 has served 2 connections
// loop-1 has served 1 connection

import { LoopGroup, run, serveHttp } from 'ringloop';
import { makeApp } from './18-express/app.js';

await run(async () => {
  await using group = await LoopGroup.spawn({ loops: 2 });
  await using service = await serveHttp(group, makeApp, { host: '127.0.0.1', port: 0 });

  for (const name of ['Ada', 'Bob', 'Cleo']) {
    const url = `http://127.0.0.1:${service.port}/hello/${name}`;
    const response = await fetch(url, { headers: { connection: 'close' } });
    console.log(await response.text());
  }

  for (const { name, served } of service.statistics()) {
    console.log(`${name} has served ${served} connection${served === 1 ? '' : 's'}`);
  }
});
