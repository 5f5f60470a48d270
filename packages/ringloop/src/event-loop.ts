import {
  BaseEventLoop,
  getEventLoop as getCurrentBaseLoop,
  getRunningLoop as getRunningBaseLoop,
  LoopStateError,
  type LoopPorts,
} from '@ringloop/core';
import type { Inbox, OpenInbox } from '@ringloop/core/internal';
import { PiscinaExecutor } from '@ringloop/executor';
import { SelectorEventLoop } from '@ringloop/net';
import { shareEventfds, threadEventfd } from '@ringloop/net/internal';
import { type LoopRef, remote, type WakeUp } from '@ringloop/threadsafe';
import { callsSent, LoopInbox } from '@ringloop/threadsafe/internal';

/** What a loop has done so far, for the people who run it. */
export interface LoopStatistics {
  /** Calls that this thread has made into other loops, tasks included. */
  readonly callsSent: number;
  /** Calls from other threads that have run in this loop, tasks included. */
  readonly callsReceived: number;
  /** How other threads wake this loop's thread now: 'atomics' before any of them has called. */
  readonly wakeup: WakeUp;
}

/** What an EventLoop can be told. */
export interface EventLoopOptions extends LoopPorts {
  /**
   * How long the loop looks for more after a call from or into another thread before it sleeps, in seconds; 0 by default. It
   * keeps a core busy for that time, and spares what it costs to wake a thread: for loops that talk to each other all the time.
   */
  readonly spin?: number;
  /**
   * How other threads wake this one when it sleeps: `'eventfd'` is the faster way, `'atomics'` (Atomics.notify) needs no native
   * library. By default `'eventfd'` on Linux with koffi, where libuv can be made to wait for it, otherwise `'atomics'`; asked for
   * by name, it falls back with the warning RINGLOOP_WAKEUP.
   */
  readonly wakeup?: WakeUp;
}

/**
 * The event loop with everything: sockets, calls from other threads, an executor. This class only wires the packages
 * together. Python: asyncio.SelectorEventLoop.
 */
export class EventLoop extends SelectorEventLoop {
  readonly #inbox: LoopInbox;

  /** @throws {TypeError} @throws {RangeError} when an option has no sensible value */
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
    if (wakeup !== 'atomics') shareEventfds(); // now: threads that are started before it is there do not share it
    inbox.offerEventfd(threadEventfd);
  }

  /** This loop as other threads see it. */
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
 * The loop that runs in this thread, or else the one that was set for it. None is made. Python: asyncio.get_event_loop().
 * @throws {LoopStateError} ERR_NO_CURRENT_LOOP
 */
export function getEventLoop(): EventLoop {
  const loop: BaseEventLoop = getCurrentBaseLoop();
  if (loop instanceof EventLoop) return loop;
  throw new LoopStateError('The current event loop was not made by ringloop', 'ERR_NO_CURRENT_LOOP');
}

/** How the workers of a LoopGroup make their loop. */
export const createEventLoop = remote(import.meta.url, function createEventLoop(ports: LoopPorts): EventLoop {
  return new EventLoop(ports);
});
