import {
  BaseEventLoop,
  getEventLoop as getCurrentBaseLoop,
  getRunningLoop as getRunningBaseLoop,
  LoopStateError,
  type LoopPorts,
} from '@ringloop/core';
import type { Inbox, OpenInbox } from '@ringloop/core/internal';
import { PiscinaExecutor } from '@ringloop/executor';
import { type NetOptions, SelectorEventLoop } from '@ringloop/net';
import { shareEventfds, threadEventfd } from '@ringloop/net/internal';
import { type LoopRef, remote, type WakeUp } from '@ringloop/threadsafe';
import { callsSent, LoopInbox } from '@ringloop/threadsafe/internal';

/** What a loop has done so far, for monitoring. */
export interface LoopStatistics {
  /** Calls that this thread has made into other loops, tasks included. */
  readonly callsSent: number;
  /** Calls from other threads that have run in this loop, tasks included. */
  readonly callsReceived: number;
  /** How other threads wake this loop's thread now: 'atomics' before any of them has called. */
  readonly wakeup: WakeUp;
}

/** Options of an EventLoop. */
export interface EventLoopOptions extends LoopPorts, NetOptions {
  /**
   * Seconds that the loop looks for more work after a call from or into another thread, before it sleeps; 0 by default.
   * This keeps a core busy for that time and saves the cost of waking a thread. Use it for loops that call each other
   * all the time.
   */
  readonly spin?: number;
  /**
   * How other threads wake this one when it sleeps. `'eventfd'` is faster; `'atomics'` (Atomics.notify) needs no native
   * library. The default is `'eventfd'` on Linux with koffi if libuv can be made to wait for it, otherwise `'atomics'`.
   * If you ask for `'eventfd'` and it is not available, the loop uses `'atomics'` and emits the warning
   * RINGLOOP_WAKEUP.
   */
  readonly wakeup?: WakeUp;
}

/**
 * The complete event loop: sockets, calls from other threads, an executor. This class only connects the packages with
 * each other. Python: asyncio.SelectorEventLoop.
 */
export class EventLoop extends SelectorEventLoop {
  readonly #inbox: LoopInbox;

  /**
   * @throws {TypeError} when an option has the wrong type, or an option or the environment variable RINGLOOP_NET a wrong value
   * @throws {RangeError} when an option is out of range
   * @throws {NoEpollError} ERR_NO_EPOLL when `net: 'epoll'` is asked for outside Linux
   * @throws {NativeCallsError} ERR_NATIVE_CALLS_UNAVAILABLE when `net: 'epoll'` is asked for, and koffi does not load
   */
  constructor({ spin = 0, wakeup, ...ports }: EventLoopOptions = {}) {
    const opened: Inbox[] = [];
    const openInbox: OpenInbox = (owner) => {
      const inbox = ports.openInbox?.(owner) ?? new LoopInbox(owner, { spin, wakeup });
      opened.push(inbox);
      return inbox;
    };
    super({ createExecutor: () => new PiscinaExecutor(), ...ports, openInbox });
    const [inbox] = opened;
    if (!(inbox instanceof LoopInbox)) throw new TypeError('openInbox must open a LoopInbox');
    this.#inbox = inbox;
    // Now, not at the first call: threads that are started before the memory exists do not share it.
    if (wakeup !== 'atomics') shareEventfds();
    inbox.offerEventfd(threadEventfd);
  }

  /** A reference to this loop that other threads can use. */
  ref(): LoopRef {
    return this.#inbox.ref;
  }

  /** What this loop has done so far. */
  statistics(): LoopStatistics {
    return { callsSent: callsSent(), callsReceived: this.#inbox.received, wakeup: this.#inbox.wakeup };
  }
}

/**
 * The loop that runs in this thread. Python: asyncio.get_running_loop().
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 */
export function getRunningLoop(): EventLoop {
  const loop: BaseEventLoop = getRunningBaseLoop();
  if (loop instanceof EventLoop) return loop;
  throw new LoopStateError('The running event loop was not made by ringloop', 'ERR_NO_RUNNING_LOOP');
}

/**
 * The loop that runs in this thread, or else the one that was set for this thread. Never makes a new one. Python:
 * asyncio.get_event_loop().
 * @throws {LoopStateError} ERR_NO_CURRENT_LOOP
 */
export function getEventLoop(): EventLoop {
  const loop: BaseEventLoop = getCurrentBaseLoop();
  if (loop instanceof EventLoop) return loop;
  throw new LoopStateError('The current event loop was not made by ringloop', 'ERR_NO_CURRENT_LOOP');
}

/** Makes the loop of a LoopGroup's worker. */
export const createEventLoop = remote(import.meta.url, function createEventLoop(ports: LoopPorts): EventLoop {
  return new EventLoop(ports);
});
