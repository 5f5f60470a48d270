/**
 * The inboxes of this thread that producers wake by the thread's eventfd: the inboxes of loops that ask for it and, as
 * long as there is such a loop, the reply inboxes. Producers wake all other inboxes by Atomics.notify(). A thread that
 * cannot write to an eventfd wakes these inboxes by Atomics.notify() too.
 */
import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { type EventfdWriter, wakeByEventfd } from '../memory/wake-word.js';

/** How a loop's thread is woken when another thread has called. */
export type WakeUp = 'atomics' | 'eventfd';

/** The eventfd of this thread, if it can have one. @ringloop/net implements it. */
export interface ThreadEventfd {
  /**
   * Makes this thread's libuv loop wake for its eventfd, and calls `onWake` whenever it may have woken for it. Returns
   * the number of the eventfd, `'later'` (ask again when libuv has polled) or `'never'` (this thread can have no
   * eventfd).
   */
  listen(onWake: () => void): number | 'later' | 'never';
  /** Undoes `listen()`. */
  unlisten(): void;
  /** Writes to the eventfd of another thread, and returns whether it could. */
  readonly write: EventfdWriter;
}

/** An inbox of this thread that can be woken by the eventfd. */
export interface Wakeable {
  /** Tells producers the number of the eventfd. Null: they must not use it any more. */
  listenTo(eventfd: number | null): void;
  /** Called when the thread has woken: the inbox checks whether a producer has woken it. */
  wokenPerhaps(): void;
}

/** @throws {TypeError} ERR_INVALID_ARG_VALUE */
export function checkWakeUp(wakeup: unknown): void {
  if (wakeup === undefined || wakeup === 'atomics' || wakeup === 'eventfd') return;
  throw typeError(`wakeup must be 'atomics' or 'eventfd', got ${inspect(wakeup)}`, 'ERR_INVALID_ARG_VALUE');
}

const loops = new Set<Wakeable>();
const replyInboxes = new Set<Wakeable>();
let port: ThreadEventfd | null = null;
let eventfd: number | null = null;

/**
 * Lets producers wake the inbox of a loop by the eventfd. Returns `'later'` and `'never'` as `ThreadEventfd.listen()`
 * does.
 */
export function listenAsLoop(inbox: Wakeable, thread: ThreadEventfd): 'listening' | 'later' | 'never' {
  if (eventfd === null) {
    const found = thread.listen(onWake);
    if (typeof found !== 'number') return found;
    port = thread;
    eventfd = found;
    wakeByEventfd(thread.write);
    for (const replyInbox of replyInboxes) replyInbox.listenTo(eventfd);
  }
  loops.add(inbox);
  inbox.listenTo(eventfd);
  return 'listening';
}

/** Undoes `listenAsLoop()`, when the loop is closed. */
export function unlistenAsLoop(inbox: Wakeable): void {
  if (!loops.delete(inbox) || loops.size > 0) return;
  eventfd = null;
  wakeByEventfd(null);
  for (const replyInbox of replyInboxes) replyInbox.listenTo(null);
  port?.unlisten();
  port = null;
}

/** Adds a reply inbox of this thread. It is never removed, because reply inboxes live as long as their thread. */
export function addReplyInbox(replyInbox: Wakeable): void {
  replyInboxes.add(replyInbox);
  if (eventfd !== null) replyInbox.listenTo(eventfd);
}

/** Whether this thread has made calls that get replies. Then it matters how its thread is woken. */
export function hasReplyInbox(): boolean {
  return replyInboxes.size > 0;
}

function onWake(): void {
  for (const inbox of loops) inbox.wokenPerhaps();
  for (const replyInbox of replyInboxes) replyInbox.wokenPerhaps();
}
