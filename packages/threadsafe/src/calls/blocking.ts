import { isMainThread } from 'node:worker_threads';
import { DeadlockError } from '@ringloop/core';
import { BlockedThreads, sharedBlockedThreads } from '../memory/blocked-threads.js';
import { MainThreadError, PeerExitedError } from '../errors.js';
import { hearExits } from '../exits/thread-exits.js';
import { type InboxMemory, thisProducer } from '../memory/inbox-memory.js';

/**
 * How often a blocked thread checks whether the thread that it waits for has ended, in ms: nobody can wake it then.
 * Arbitrary.
 */
const LOOK_EVERY_MS = 100;

let blockedThreads: BlockedThreads | null = null;

/** The table of blocked threads that this thread shares with the threads that it starts. */
export function allBlockedThreads(): BlockedThreads {
  blockedThreads ??= new BlockedThreads(sharedBlockedThreads());
  return blockedThreads;
}

/** Tells the thread of `producer`, in case it is blocked, that this thread has done something that it may wait for. */
export function markProgress(producer: number): void {
  allBlockedThreads().markProgress(producer, thisProducer);
}

/** @throws {MainThreadError} */
export function checkMayBlock(what: string): void {
  if (isMainThread) {
    throw new MainThreadError(`Cannot ${what}: the main thread may not be blocked`);
  }
}

/** What a blocked thread waits for. */
export interface Blocking {
  /** The action, for messages: "wait for …". */
  readonly what: string;
  /** The inbox of the loop that it waits for. */
  readonly memory: InboxMemory;
  readonly name: string;
  /** Seconds. */
  readonly timeout: number;
  /** Waits for at most `timeoutMs`, and returns whether it is done. */
  readonly attempt: (timeoutMs: number) => boolean;
}

/**
 * Blocks this thread until `attempt()` succeeds. False: the timeout is over.
 * @throws {MainThreadError} in the main thread
 * @throws {DeadlockError} when the other thread is this one, or is itself blocked until this one continues
 * @throws {PeerExitedError} when the other thread has ended
 */
export function block({ what, memory, name, timeout, attempt }: Blocking): boolean {
  checkMayBlock(what);
  if (memory.owner === thisProducer) {
    throw new DeadlockError(
      `Cannot ${what}: loop "${name}" runs in this thread, and cannot continue while the thread is blocked`,
    );
  }
  const threads = allBlockedThreads();
  const slot = threads.enter(thisProducer, memory.owner);
  try {
    const deadline = performance.now() + timeout * 1000;
    while (true) {
      hearExits(); // a blocked thread takes no events
      const ended = memory.hasEnded(); // read it before the attempt: what the thread left behind still counts
      if (slot !== null) threads.look(slot);
      if (attempt(0)) return true;
      if (ended) throw new PeerExitedError(`Cannot ${what}: the thread of loop "${name}" has ended`);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return false;
      if (slot !== null) {
        if (!threads.beginWaiting(slot)) continue;
        if (threads.isInCircle(thisProducer)) {
          throw new DeadlockError(`Cannot ${what}: loop "${name}" is blocked until this thread continues`);
        }
      }
      if (attempt(Math.min(leftMs, LOOK_EVERY_MS))) return true;
    }
  } finally {
    if (slot !== null) threads.leave(slot);
  }
}
