// What the workers of a LoopGroup are started with: it gets the rest as the spawner has got this package.
import { createRequire } from 'node:module';
import { workerData } from 'node:worker_threads';
import type { MemberData } from './group-member.js';

const { byRequire } = workerData as MemberData; // as GroupMember sends it
const main = './group-worker.js';
const { runMember } = (
  byRequire ? createRequire(import.meta.url)(main) : await import(main)
) as typeof import('./group-worker.js');
await runMember();
