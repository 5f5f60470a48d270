import { addTurnListener, removeTurnListener } from '../wakeup/libuv-turns.js';
import { findWakeup, type Search, type Wakeup } from '../wakeup/libuv-wakeup.js';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLIN } from '../libc/linux-abi.js';
import { registerAs } from '../wakeup/register-as.js';

/** How often a sleeping thread looks for events where libuv cannot be made to wake for them, in ms. docs/threading.md. */
const LOOK_EVERY_MS = 10;

/** How many polls of libuv to wait for its first registrations: they are there after the first. Arbitrary above that. */
const MOST_POLLS = 4;

/** What is watched: the loop's epoll. */
export interface Polled {
  /** -1 while there is none. */
  readonly fd: number;
  /** Calls `onEvents` when an event is waiting to be collected. */
  report(onEvents: () => void): void;
}

/**
 * idle: not polling. searching: libuv has not polled yet. watched: libuv wakes for events. looking: it does not, so a timer does.
 */
type State = 'idle' | 'searching' | 'watched' | 'looking';

let warned = false;

/**
 * Has this thread wake for the events of one epoll descriptor, and calls `onEvents` when there are some. Nothing here is called by
 * native code, for whatever calls into JavaScript from there aborts the process in a thread that is being ended. libuv wakes
 * (libuv-wakeup.ts), goes round once, and in its check phase (libuv-turns.ts) we look.
 */
export class EpollPoll {
  readonly #polled: Polled;
  readonly #onEvents: () => void;
  readonly #find: () => Search;
  #state: State = 'idle';
  #polls = 0;
  /** Where the epoll is registered, and as which descriptor. */
  #registered: { readonly wakeup: Wakeup; readonly fd: number } | null = null;
  /** While it searches. */
  #immediate: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(polled: Polled, onEvents: () => void, find: () => Search = findWakeup) {
    this.#polled = polled;
    this.#onEvents = onEvents;
    this.#find = find;
  }

  /** libuv wakes again and again until the events are collected: polling while nobody does would spin. */
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

  /** The epoll is another one now. */
  replaced(): void {
    if (this.#state === 'idle') return;
    this.stop();
    this.start();
  }

  #watch(): void {
    if (this.#polled.fd === -1) return; // replaced() tells when there is one
    const wakeup = this.#find();
    if (wakeup === 'later' && this.#polls++ < MOST_POLLS) {
      this.#state = 'searching';
      this.#immediate = setImmediate(this.#onSearch); // referenced: libuv must not sleep before it knows of us
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

  /** Unreferenced as well. A busy thread does not depend on it: the immediate looks each time that libuv goes round. */
  #lookRegularly(): void {
    this.#timer = setInterval(() => this.#polled.report(this.#onEvents), LOOK_EVERY_MS).unref();
    if (warned) return;
    warned = true;
    process.emitWarning(
      `Cannot have libuv wait for sockets: looking for events every ${LOOK_EVERY_MS} ms instead`,
      {
        type: 'RingloopWarning',
        code: 'RINGLOOP_POLLING',
      },
    );
  }
}
