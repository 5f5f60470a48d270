import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { inheritMemory, peekInherited } from '@ringloop/core/internal';
import { EventfdTable } from './eventfd-table.js';
import { addTurnListener, removeTurnListener } from './libuv-turns.js';
import { findWakeup, type Wakeup } from './libuv-wakeup.js';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLET, EPOLLIN } from '../libc/linux-abi.js';
import { registerAs } from './register-as.js';
import * as sys from '../libc/syscalls.js';
import { thisTask } from './this-task.js';

const NAME = 'eventfds';

interface Registered {
  readonly eventfd: number;
  readonly wakeup: Wakeup;
  readonly onWake: () => void;
}

let table: EventfdTable | null = null;
let registered: Registered | null = null;

/**
 * The eventfd by which other threads wake this one. libuv waits for it, and each write is one event. See
 * libuv-wakeup.ts.
 */
export const threadEventfd = {
  /**
   * Makes libuv wake up for the eventfd, and calls `onWake` whenever libuv has woken up, for this or another reason.
   * Returns the number of the eventfd. `'later'`: libuv has not polled yet. `'never'`: there is no epoll, no koffi or
   * no table of eventfds, or libuv cannot be made to wait.
   */
  listen(onWake: () => void): number | 'later' | 'never' {
    const wakeup = findWakeupOrNever();
    if (typeof wakeup === 'string') return wakeup;
    const taken = takeEventfd();
    if (taken === null) return 'never';
    // Edge-triggered: nobody has to read it, and each write is still an event.
    if (registerAs(wakeup, EPOLL_CTL_ADD, taken, EPOLLIN | EPOLLET) < 0) {
      table?.giveBack(taken);
      return 'never';
    }
    registered = { eventfd: taken, wakeup, onWake };
    addTurnListener(onWake);
    return taken;
  },

  unlisten(): void {
    if (registered === null) return;
    const { eventfd, wakeup, onWake } = registered;
    registered = null;
    removeTurnListener(onWake);
    registerAs(wakeup, EPOLL_CTL_DEL, eventfd, 0);
    table?.giveBack(eventfd);
  },

  /** Wakes the thread that listens to `eventfd`. */
  write: (eventfd: number): boolean => sys.eventfdWrite(eventfd) === 0,
};

function findWakeupOrNever(): Wakeup | 'later' | 'never' {
  if (process.platform !== 'linux') return 'never';
  try {
    return findWakeup();
  } catch {
    return 'never'; // no koffi: opening a socket throws the reason
  }
}

function takeEventfd(): number | null {
  const memory = shareEventfds();
  if (memory === null) return null;
  try {
    table ??= new EventfdTable({
      memory,
      task: thisTask(),
      isAlive: (task) => existsSync(`/proc/self/task/${task}`),
      makeEventfd: sys.eventfd,
    });
  } catch {
    return null; // there is no /proc
  }
  return table.take();
}

/**
 * Returns the memory of the table. This thread shares it with the threads that it starts from now on. Null in a worker
 * whose parent thread has no table: one that the worker made would be lost with the worker, and the eventfds with the
 * table.
 */
export function shareEventfds(): SharedArrayBuffer | null {
  return isMainThread ? inheritMemory(NAME, EventfdTable.BYTES) : peekInherited(NAME);
}
