/**
 * Tells every thread of the process that a thread has ended. The news is sent on one BroadcastChannel: a thread that
 * sees another one end posts it, and each thread that has an inbox, or calls into one, listens.
 *
 *   who posts                    when                                                  what for
 *   the spawner of a group       'exit' of a member's worker                           all members, however they end
 *   the caller of watchWorker()  'exit' of that worker                                 plain workers, however they end
 *   a plain worker itself        its own 'exit' event: it returned, threw or left by   unwatched plain workers
 *                                process.exit(), but was not terminated
 *
 * 1. A spawner marks the inboxes that it knows before it posts (InboxMemory.abandon): so a thread that begins to listen
 *    too late finds the mark.
 * 2. When a thread ends, the threads that it has spawned end too, and nobody is left to see that. So spawning is news
 *    as well. The threads that watch the spawner keep it, and a thread that posts an end posts the ends of all
 *    descendants.
 * 3. The news is not ordered with the records in the lanes: before a thread gives up waiting for replies, it reads its
 *    reply inbox.
 * 4. Thread ids are never used twice in a process. If an end is reported twice (by a watched plain worker), the first
 *    report counts.
 */
import {
  BroadcastChannel,
  isMainThread,
  type MessagePort,
  receiveMessageOnPort,
  threadId as thisThread,
} from 'node:worker_threads';
import { PROTOCOL } from '@ringloop/core/internal';
import { SpawnedThreads } from './spawned-threads.js';
import { dieReadably } from './own-death.js';
import { type Packed, packThrown, unpack } from '../codec/packing.js';
import { PeerExitedError } from '../errors.js';
import { InboxMemory } from '../memory/inbox-memory.js';

/** How a thread has ended. */
export interface ThreadEnd {
  readonly threadId: number;
  /** Null: it ended because the thread that had spawned it ended. */
  readonly exitCode: number | null;
  /** The error that it died of, if one was thrown and is known. */
  readonly cause: { readonly wire: Packed } | null;
}

type News =
  | { readonly kind: 'spawned'; readonly threadId: number; readonly by: number; readonly memory: Memory }
  | { readonly kind: 'ended'; readonly ends: readonly ThreadEnd[] };

/** The inbox of the loop that runs in a thread, if its spawner knows it. */
type Memory = SharedArrayBuffer | null;

const CHANNEL = `ringloop:exits.v${PROTOCOL}`;

/** Ends that are remembered, so that a much later call can report the cause. Arbitrary. */
const REMEMBERED_ENDS = 1024;

const ends = new Map<number, ThreadEnd>();
const listeners: ((threadId: number) => void)[] = [];
const descendants = new SpawnedThreads<Memory>(thisThread);
const beforeOwnEnd: (() => void)[] = [];
let channel: BroadcastChannel | null = null;
let spawnerTells = isMainThread; // when the main thread ends, all others end too

/** Calls `listener` with the id of each thread that ends from now on, as soon as this thread learns of it. */
export function onThreadExit(listener: (threadId: number) => void): void {
  listeners.push(listener);
}

/**
 * Calls `listener` in a plain worker right before it reports its own end. Afterwards the worker must not affect other
 * threads.
 */
export function onOwnEnd(listener: () => void): void {
  beforeOwnEnd.push(listener);
}

/**
 * Leaves the report of this thread's end to its spawner, which knows more. Workers of a group call it at their start.
 */
export function leaveOwnEndToSpawner(): void {
  spawnerTells = true;
}

/** Listens to the ends of threads from now on. Does not keep the process alive, and costs an idle thread nothing. */
export function listenForExits(): void {
  open();
}

/** Reads the news that has already arrived, for a thread that blocks and takes no events meanwhile. */
export function hearExits(): void {
  for (let news = receive(open()); news !== undefined; news = receive(open())) hear(news.message);
}

/**
 * Tells all threads that this thread has spawned another one, whose end it will report. @param memory the inbox of its
 * loop, if known
 */
export function tellSpawned(threadId: number, memory: Memory): void {
  descendants.add(threadId, thisThread, memory);
  post({ kind: 'spawned', threadId, by: thisThread, memory });
}

/** Whether this thread has heard that the thread of `producer` has ended. */
export function hasEnded(producer: number): boolean {
  return ends.has(producer - 1);
}

/** Tells all threads, this one included, that a thread and all its descendants have ended. */
export function tellEnded(
  threadId: number,
  exitCode: number,
  thrown: { readonly value: unknown } | null,
): void {
  hearExits(); // learns first which threads it has spawned
  const cause = thrown === null ? null : { wire: packThrown(thrown.value, 'many') };
  const told: ThreadEnd[] = [{ threadId, exitCode, cause }];
  for (const below of descendants.of(threadId)) told.push({ threadId: below, exitCode: null, cause: null });
  for (const end of told) {
    const memory = descendants.delete(end.threadId);
    if (memory !== null) new InboxMemory(memory).abandon();
  }
  post({ kind: 'ended', ends: told });
  for (const end of told) heardOf(end);
}

/** The known descendants of `threadId`, whose ends will be reported with its own. */
export function spawnedBy(threadId: number): readonly number[] {
  hearExits();
  return descendants.of(threadId);
}

/**
 * The error that says why nothing can be sent to that loop any more; null while its thread lives, as far as this thread
 * knows.
 */
export function endOf(memory: InboxMemory, loopName: string): PeerExitedError | null {
  const end = ends.get(memory.owner - 1);
  if (end === undefined && !memory.hasEnded()) return null;
  return exitError(loopName, end ?? null);
}

function exitError(loopName: string, end: ThreadEnd | null): PeerExitedError {
  const how =
    end === null
      ? ''
      : end.exitCode === null
        ? ' with the thread that spawned it'
        : ` (exit code ${end.exitCode})`;
  const message = `The thread of loop "${loopName}" has ended${how}`;
  const cause = end?.cause ?? null;
  return new PeerExitedError(message, cause === null ? undefined : { cause: unpack(cause.wire) });
}

function open(): BroadcastChannel {
  if (channel !== null) return channel;
  channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = (event) => hear((event as { data: News }).data); // only this package knows the name
  channel.unref();
  if (!spawnerTells) tellOwnEnd();
  return channel;
}

function post(news: News): void {
  open().postMessage(news);
}

function hear(news: News): void {
  if (news.kind === 'spawned') descendants.add(news.threadId, news.by, news.memory);
  else news.ends.forEach(heardOf);
}

function heardOf(end: ThreadEnd): void {
  if (ends.has(end.threadId)) return;
  ends.set(end.threadId, end);
  for (const oldest of ends.keys()) {
    if (ends.size <= REMEMBERED_ENDS) break;
    ends.delete(oldest);
  }
  descendants.delete(end.threadId);
  for (const listener of listeners) listener(end.threadId);
}

function tellOwnEnd(): void {
  let thrown: { value: unknown } | null = null;
  dieReadably((value) => (thrown = { value }));
  process.once('exit', (exitCode) => {
    for (const listener of beforeOwnEnd) listener();
    tellEnded(thisThread, exitCode, thrown);
  });
}

/** Node accepts channels here as well as ports; on Node 20 its types do not say so. */
function receive(from: BroadcastChannel): { message: News } | undefined {
  return receiveMessageOnPort(from as unknown as MessagePort);
}
