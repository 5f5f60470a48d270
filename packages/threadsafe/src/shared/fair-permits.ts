import type { Awaitable, CoroutineGenerator, ScopeBody } from '@ringloop/core';
import { runScoped, SETTLED_TRUE, startCoroutine } from '@ringloop/core/internal';
import { PeerExitedError } from '../errors.js';
import { thisProducer } from '../memory/inbox-memory.js';
import { WaitQueueMemory } from './wait-queue-memory.js';
import { parkInLoop } from './park-in-loop.js';
import type { Permits } from './permits.js';
import { NOTHING, type Sleep, WaitQueue } from './wait-queue.js';

/** Permits with a wait queue: what SharedLock and the semaphores have in common. */
export class FairPermits {
  readonly #permits: Permits;
  readonly #queue: WaitQueue;

  /** @param lineAt the index of the first word of the wait queue */
  constructor(permits: Permits, words: Int32Array, lineAt: number, sleep: () => Sleep = parkInLoop) {
    this.#permits = permits;
    const isUseful = (): boolean => permits.areLeft();
    this.#queue = new WaitQueue(new WaitQueueMemory(words, lineAt), { isUseful, inTurn: true, sleep });
  }

  /** The number of coroutines of this thread that wait. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Whether `acquire()` would wait. */
  isClosed(): boolean {
    return !this.#permits.areLeft() || !this.#queue.memory.isEmpty();
  }

  acquire(): Awaitable<true> {
    try {
      if (this.#queue.memory.isEmpty() && this.tryAcquire()) return SETTLED_TRUE;
    } catch (abandoned) {
      return startCoroutine(fail(abandoned));
    }
    return startCoroutine(this.wait());
  }

  /** Takes a permit if one is left, ahead of those who wait. @throws {PeerExitedError} */
  tryAcquire(): boolean {
    return this.#take() !== NOTHING;
  }

  *wait(): CoroutineGenerator<true> {
    return yield* this.#queue.wait(() => this.#take());
  }

  /** Gives a permit back. False: none is taken. */
  release(): boolean {
    if (!this.#permits.giveBack(thisProducer)) return false;
    this.#queue.wakeFirst();
    return true;
  }

  run<R>(body: ScopeBody<void, R>, exit: () => void): Awaitable<R> {
    return runScoped(() => this.#enter(), body, exit);
  }

  /** Repairs what a thread that has ended left. */
  repair(producer: number): void {
    this.#queue.memory.expel(producer);
    this.#permits.reclaim(producer);
    // It may have ended between giving back and waking, or have been woken in vain.
    if (this.#permits.areLeft()) this.#queue.wakeFirst();
  }

  #take(): true | typeof NOTHING {
    const taken = this.#permits.tryTake(thisProducer);
    if (taken === 'none') return NOTHING;
    if (taken === 'taken') return true;
    this.release();
    throw new PeerExitedError(
      'The thread that held the lock has ended: the data that it protects may be half changed',
    );
  }

  *#enter(): CoroutineGenerator<void> {
    yield* this.acquire();
  }
}

// eslint-disable-next-line require-yield -- it is one that fails before it waits
function* fail(error: unknown): CoroutineGenerator<never> {
  throw error;
}
