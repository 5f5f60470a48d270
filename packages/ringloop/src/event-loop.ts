import {
  BaseEventLoop,
  getEventLoop as getCurrentBaseLoop,
  getRunningLoop as getRunningBaseLoop,
  LoopStateError,
  type Awaitable,
  type LoopPorts,
} from '@ringloop/core';
import type { Inbox, OpenInbox } from '@ringloop/core/internal';
import { PiscinaExecutor } from '@ringloop/executor';
import {
  type NetOptions,
  type ProtocolFactory,
  SelectorEventLoop,
  type Server,
  type ServerOptions,
} from '@ringloop/net';
import { shareEventfds, threadEventfd } from '@ringloop/net/internal';
import { type LoopRef, remote, type WakeUp } from '@ringloop/threadsafe';
import './error-classes.js';
import './moving-connections.js'; // a loop can get a connection in any call
import { startFunction } from '@ringloop/core/internal';
import { relayIfMain } from './relay-signals.js';
import { callsSent, LoopInbox, LoopSignals } from '@ringloop/threadsafe/internal';
import {
  createGroupServer,
  type GroupServerOptions,
  type RemoteProtocolFactory,
} from './serving/create-group-server.js';

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
  #signals: LoopSignals | null = null;

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
    relayIfMain();
  }

  /**
   * Calls `callback(...args)` in this loop each time that the process gets the signal, in place of what the signal does
   * otherwise. The context of the call is the present one. Replaces the loop's previous handler of the signal. Loops of
   * several threads may handle the same signal: each of them is called. A signal that comes again before the loop has
   * dealt with it may be delivered once only. The handlers end with the loop or its thread, however that ends.
   *
   * Node gets signals in the main thread only, which passes them on. So a main thread that is blocked delays them all,
   * and in a worker this call blocks for one turn of the main thread. Python: loop.add_signal_handler(), which only the
   * main thread may call.
   * @param signal its name, such as 'SIGTERM', or its number
   * @throws {TypeError} ERR_INVALID_ARG_TYPE when `signal` is neither a string nor a number, or `callback` is not a
   *   function, or is an async or generator function; ERR_UNKNOWN_SIGNAL when the system or Node has no signal of that
   *   name: real-time signals cannot be had
   * @throws {RangeError} ERR_OUT_OF_RANGE when there is no signal of that number
   * @throws {SignalError} ERR_UNCATCHABLE_SIGNAL for SIGKILL and SIGSTOP; in a worker ERR_NO_SIGNAL_HUB when the main
   *   thread has neither made a loop nor called `relaySignals()` before it started the thread, and
   *   ERR_MAIN_THREAD_BLOCKED when it does not answer for 5 seconds
   * @throws {LoopStateError} ERR_LOOP_CLOSED
   */
  addSignalHandler<A extends unknown[]>(
    signal: NodeJS.Signals | number,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    this.#signals ??= new LoopSignals(this, this.#inbox.ref);
    this.#signals.add(signal, callback, args);
  }

  /**
   * Removes this loop's handler of the signal. Returns false when it had none. When no loop has one any more, the signal
   * does again what it did before the first was added. Python: loop.remove_signal_handler().
   * @throws {TypeError} as `addSignalHandler()` does
   * @throws {RangeError} as `addSignalHandler()` does
   */
  removeSignalHandler(signal: NodeJS.Signals | number): boolean {
    this.#signals ??= new LoopSignals(this, this.#inbox.ref);
    return this.#signals.remove(signal);
  }

  /** Also removes the signal handlers. */
  override close(): void {
    super.close();
    this.#signals?.close();
  }

  /**
   * Opens a TCP server on one port whose connections all loops of a group serve. The protocols are made in those loops, so
   * the factory is a reference to a function. The server is this loop's: its methods, and `serveForever()`, concern the
   * connections in all loops. When a loop dies, its connections are closed and new ones go to the others; a loop that is
   * restarted gets connections again. If none can serve, connections wait. See GroupServerOptions. Python has no counterpart.
   *
   * Rejects as `createServer()` without a group does; with RemoteFunctionError when the factory is no reference, or another
   * thread cannot import it; with PeerExitedError or LoopStateError ERR_LOOP_CLOSED when no loop of the group runs. Then
   * nothing is left open.
   */
  override createServer(
    protocolFactory: RemoteProtocolFactory,
    options: GroupServerOptions,
  ): Awaitable<Server>;
  /**
   * Opens a TCP server. When cancelled, it leaves no server behind. Python: loop.create_server(). See ServerOptions.
   */
  override createServer(protocolFactory: ProtocolFactory, options: ServerOptions): Awaitable<Server>;
  override createServer(
    protocolFactory: ProtocolFactory | RemoteProtocolFactory,
    options: ServerOptions | GroupServerOptions,
  ): Awaitable<Server> {
    if (!isForGroup(options)) return super.createServer(protocolFactory, options);
    return startFunction(() => createGroupServer(this, protocolFactory as RemoteProtocolFactory, options), {
      loop: this,
      discard: (server) => server.close(),
    });
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

/** Whether the connections go to a group. An option that is wrong is refused there. */
function isForGroup(options: ServerOptions | GroupServerOptions): options is GroupServerOptions {
  return (
    typeof options === 'object' &&
    (options as object | null) !== null &&
    ('group' in options || 'distribute' in options)
  );
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
