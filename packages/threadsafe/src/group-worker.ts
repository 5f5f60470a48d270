// Runs in every worker of a LoopGroup: one loop, from 'ready' to 'closed'.
import { parentPort, workerData } from 'node:worker_threads';
import type { BaseEventLoop } from '@ringloop/core';
import { windUp } from '@ringloop/core/internal';
import type { LoopFactory } from './loop-group.js';
import type { MemberData, MemberMessage } from './group-member.js';
import { LoopInbox } from './loop-inbox.js';
import { LoopRef } from './loop-ref.js';
import { importRemote } from './remote.js';

const { wire, name, debug, factory } = workerData as MemberData; // as GroupMember sends it

const tell = (message: MemberMessage): void => parentPort?.postMessage(message);

const createLoop = (await importRemote(factory)) as unknown as LoopFactory; // LoopGroup.spawn() takes nothing else
const loop: BaseEventLoop = createLoop({
  name,
  debug,
  openInbox: (owner) => new LoopInbox(owner, { address: LoopRef.fromWire(wire).address }),
});
loop.callSoon(() => tell('ready'));
try {
  await loop.runForever();
} finally {
  await windUp(loop);
  tell('closed');
}
