import type { BaseEventLoop, CoroutineGenerator, Future } from '@ringloop/core';
import { ECONNRESET } from '../libc/syscalls.js';
import { rephrased, systemError } from '../libc/system-error.js';

/** By this symbol a writer finds the flow of its protocol. */
export const FLOW: unique symbol = Symbol('flow');

/** lost: connectionLost was called. */
type State = 'writing' | 'paused' | 'lost';

/** Who waits for a connection: until its transport takes more, and until it is closed. CPython: FlowControlMixin. */
export class StreamFlow {
  readonly loop: BaseEventLoop;
  readonly #drainers = new Set<Future<undefined>>();
  readonly #closeWaiters = new Set<Future<undefined>>();
  #state: State = 'writing';
  #lostBy: Error | null = null;

  constructor(loop: BaseEventLoop) {
    this.loop = loop;
  }

  get state(): State {
    return this.#state;
  }

  pause(): void {
    if (this.#state === 'writing') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'writing';
    wake(this.#drainers, null);
  }

  lost(exc: Error | null): void {
    this.#state = 'lost';
    this.#lostBy = exc;
    wake(this.#drainers, exc);
    wake(this.#closeWaiters, exc);
  }

  /** Waits until the transport takes more. @throws {SystemError} ECONNRESET after the connection was lost */
  *drain(): CoroutineGenerator<void> {
    if (this.#state === 'lost') throw rephrased(systemError('write', ECONNRESET), 'Connection lost');
    if (this.#state === 'paused') yield* this.#wait(this.#drainers);
  }

  /** Waits until the connection is lost. @throws the error with which it was lost */
  *closed(): CoroutineGenerator<void> {
    if (this.#state !== 'lost') yield* this.#wait(this.#closeWaiters);
    else if (this.#lostBy !== null) throw this.#lostBy;
  }

  *#wait(waiters: Set<Future<undefined>>): CoroutineGenerator<void> {
    const waiter = this.loop.createFuture<undefined>();
    waiters.add(waiter);
    try {
      yield waiter;
    } finally {
      waiters.delete(waiter);
    }
  }
}

function wake(waiters: ReadonlySet<Future<undefined>>, exc: Error | null): void {
  for (const waiter of waiters) {
    if (waiter.done()) continue; // cancelled in this iteration
    if (exc === null) waiter.setResult(undefined);
    else waiter.setException(exc);
  }
}
