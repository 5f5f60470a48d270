import { EventLoop, LoopGroup, type LoopRef } from 'ringloop';
import { PAYLOADS } from '../payload.js';
import { answering } from './in-flight.js';
import type { Peer } from './peer.js';
import { asyncEcho, generatorEcho, plainEcho } from './ringloop-calls.js';

export type CoroutineKind = 'plain' | 'async' | 'generator';

/** runCoroutineThreadsafe() of one kind of function, awaited by code outside of loops: what a plain thread is to Python. */
export async function openCoroutine(kind: CoroutineKind): Promise<Peer> {
  const group = await LoopGroup.spawn({ loops: 1 });
  const there = group.next();
  return answering(callOf(kind, there), () => group.close());
}

/** The same from a task of a loop of this thread. */
export async function openCoroutineFromTask(): Promise<Peer> {
  const loop = new EventLoop();
  const group = await LoopGroup.spawn({ loops: 1 });
  const peer = answering(callOf('async', group.next()), () => group.close());
  return {
    flood: (calls) => loop.runUntilComplete(() => peer.flood(calls)),
    async close() {
      await group.close();
      loop.close();
    },
  };
}

function callOf(kind: CoroutineKind, there: LoopRef): () => PromiseLike<number> {
  if (kind === 'generator') {
    return () => there.runCoroutineThreadsafe(generatorEcho, PAYLOADS.number); // a generator's task ends with what it returns
  }
  const called = kind === 'plain' ? plainEcho : asyncEcho;
  return () => there.runCoroutineThreadsafe<[number], number | Promise<number>>(called, PAYLOADS.number);
}
