/**
 * The inboxes of this thread that producers wake by the thread's eventfd: those of its loops that ask for it, and its reply inboxes as
 * long as there is such a loop. All others are woken by Atomics.notify(), as are these by threads that cannot write.
 */
import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { type EventfdWriter, wakeByEventfd } from '../memory/wake-word.js';

/** How a loop's thread is woken when another one has called. */
export type WakeUp = 'atomics' | 'eventfd';

/** The eventfd of this thread, as far as there can be one. @ringloop/net implements it. */
export interface ThreadEventfd {
  /**
   * Has this thread's libuv loop wake for its eventfd, and calls `onWake` whenever it may have. Returns its number; `'later'`: ask
   * again when libuv has polled; `'never'`: there can be none here.
   */
  listen(onWake: () => void): number | 'later' | 'never';
  /** Undoes `listen()`. */
  unlisten(): void;
  /** Writes to the eventfd of another thread, and says whether it could. */
  readonly write: EventfdWriter;
}

/** An inbox of this thread. */
export interface Wakeable {
  /** Tells producers the number of the eventfd; null: that they must not use it any more. */
  listenTo(eventfd: number | null): void;
  /** The thread has woken: the inbox looks whether it was meant. */
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

/** Has producers wake that inbox of a loop by the eventfd. `'later'` and `'never'` as in ThreadEventfd. */
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

/** The loop is closed. */
export function unlistenAsLoop(inbox: Wakeable): void {
  if (!loops.delete(inbox) || loops.size > 0) return;
  eventfd = null;
  wakeByEventfd(null);
  for (const replyInbox of replyInboxes) replyInbox.listenTo(null);
  port?.unlisten();
  port = null;
}

/** A reply inbox of this thread; reply inboxes last as long as it does. */
export function addReplyInbox(replyInbox: Wakeable): void {
  replyInboxes.add(replyInbox);
  if (eventfd !== null) replyInbox.listenTo(eventfd);
}

/** Whether this thread has sent calls that are answered: what wakes a loop's thread matters then. */
export function hasReplyInbox(): boolean {
  return replyInboxes.size > 0;
}

function onWake(): void {
  for (const inbox of loops) inbox.wokenPerhaps();
  for (const replyInbox of replyInboxes) replyInbox.wokenPerhaps();
}
