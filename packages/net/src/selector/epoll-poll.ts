import { addTurnListener, removeTurnListener } from '../wakeup/libuv-turns.js';
import { findWakeup, type Search, type Wakeup } from '../wakeup/libuv-wakeup.js';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLIN } from '../libc/linux-abi.js';
import { registerAs } from '../wakeup/register-as.js';

/**
 * How often a sleeping thread looks for events if libuv cannot be made to wake for them, in ms. See docs/threading.md.
 */
const LOOK_EVERY_MS = 10;

/** How many polls to wait for libuv's first registrations. They exist after the first poll; the rest is arbitrary. */
const MOST_POLLS = 4;

/** What an EpollPoll watches: the epoll of its loop. */
export interface Polled {
  /** -1 while there is none. */
  readonly fd: number;
  /** Calls `onEvents` when an event is waiting to be collected. */
  report(onEvents: () => void): void;
}

/**
 * idle: not polling. searching: libuv has not polled yet. watched: libuv wakes for events. looking: libuv does not wake
 * for them, so a timer looks for them.
 */
type State = 'idle' | 'searching' | 'watched' | 'looking';

let warned = false;

/**
 * Wakes this thread for the events of one epoll descriptor, and calls `onEvents` when there are any. Native code calls
 * nothing here: in a thread that is being ended, a native call into JavaScript would abort the process. Instead libuv
 * wakes up (libuv-wakeup.ts), runs one iteration, and we look for events in its check phase (libuv-turns.ts).
 */
export class EpollPoll {
  readonly #polled: Polled;
  readonly #onEvents: () => void;
  readonly #find: () => Search;
  #state: State = 'idle';
  #polls = 0;
  /** Where our epoll is registered, and the descriptor that it had then. */
  #registered: { readonly wakeup: Wakeup; readonly fd: number } | null = null;
  /** Set in the state `searching`. */
  #immediate: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(polled: Polled, onEvents: () => void, find: () => Search = findWakeup) {
    this.#polled = polled;
    this.#onEvents = onEvents;
    this.#find = find;
  }

  /**
   * Starts polling. Stop it when nobody collects the events any more: libuv wakes again and again until they are
   * collected, and would spin.
   */
  start(): void {
    if (this.#state !== 'idle') return;
    this.#polls = 0;
    this.#watch();
  }

  stop(): void {
    this.#state = 'idle';
    this.#unregister();
    removeTurnListener(this.#onTurn);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#immediate = null;
    this.#timer = null;
  }

  /** Call it when the epoll descriptor has been replaced. */
  replaced(): void {
    if (this.#state === 'idle') return;
    this.stop();
    this.start();
  }

  #watch(): void {
    if (this.#polled.fd === -1) return; // replaced() is called once there is one
    const wakeup = this.#find();
    if (wakeup === 'later' && this.#polls++ < MOST_POLLS) {
      this.#state = 'searching';
      this.#immediate = setImmediate(this.#onSearch); // referenced: libuv must not sleep before our epoll is registered
      return;
    }
    const isWatched = typeof wakeup === 'object' && this.#register(wakeup);
    this.#state = isWatched ? 'watched' : 'looking';
    if (!isWatched) this.#lookRegularly();
    addTurnListener(this.#onTurn);
  }

  readonly #onSearch = (): void => {
    this.#immediate = null;
    this.#watch();
    this.#onTurn();
  };

  readonly #onTurn = (): void => this.#polled.report(this.#onEvents);

  #register(wakeup: Wakeup): boolean {
    const { fd } = this.#polled;
    if (registerAs(wakeup, EPOLL_CTL_ADD, fd, EPOLLIN) < 0) return false;
    this.#registered = { wakeup, fd };
    return true;
  }

  #unregister(): void {
    const registered = this.#registered;
    this.#registered = null;
    if (registered !== null) registerAs(registered.wakeup, EPOLL_CTL_DEL, registered.fd, 0);
  }

  /**
   * Looks for events by a timer, which is unreferenced like the immediate. A busy thread does not depend on the timer:
   * the turn listener looks in each iteration of libuv.
   */
  #lookRegularly(): void {
    this.#timer = setInterval(() => this.#polled.report(this.#onEvents), LOOK_EVERY_MS).unref();
    if (warned) return;
    warned = true;
    process.emitWarning(
      `Cannot make libuv wait for sockets: polling for events every ${LOOK_EVERY_MS} ms instead`,
      {
        type: 'RingloopWarning',
        code: 'RINGLOOP_POLLING',
      },
    );
  }
}
