import { LONGEST_TIMER_MS } from '@ringloop/core/internal';
import { afresh } from '../afresh.js';
import { CallTable } from './call-table.js';
import { type CalledLoop, ConcurrentFuture } from './concurrent-future.js';

/** The calls of this thread whose replies have not come yet. While there are any, the process stays alive. */
class PendingCalls {
  readonly #calls = new CallTable<ConcurrentFuture<unknown>>();
  #lastNumber = 0;
  #keepAlive: NodeJS.Timeout | null = null;

  /** Makes a future with the next call id. */
  add<T>(called: CalledLoop): ConcurrentFuture<T> {
    const future = new ConcurrentFuture<T>(called, this.#nextNumber());
    this.#calls.add(future as ConcurrentFuture<unknown>);
    if (this.#calls.size === 1) this.#hold();
    return future;
  }

  /**
   * Removes and returns the future of a call whose reply has come. Null: the call is unknown, because it was given up
   * before.
   */
  take(callId: number): ConcurrentFuture<unknown> | null {
    const future = this.#calls.get(callId);
    if (future === undefined) return null;
    this.#calls.delete(callId);
    if (this.#calls.size === 0) this.#keepAlive?.unref();
    return future;
  }

  /** Whether a reply from the owner of the inbox is still to come. */
  has(inboxId: string): boolean {
    for (const future of this.#calls) if (future.called.inboxId === inboxId) return true;
    return false;
  }

  /** Rejects all calls to an inbox whose owner is gone: no reply will come. */
  rejectAll(inboxId: string, reason: Error): void {
    for (const future of [...this.#calls]) {
      if (future.called.inboxId === inboxId) this.take(future.callId)?.settleWith('failed', reason);
    }
  }

  #hold(): void {
    if (this.#keepAlive !== null) this.#keepAlive.ref();
    else this.#keepAlive = afresh(() => setInterval(() => undefined, LONGEST_TIMER_MS));
  }

  /** A call id has 32 bits in a record. 0 means that no reply is wanted, and ids still in use are skipped. */
  #nextNumber(): number {
    do this.#lastNumber = (this.#lastNumber + 1) | 0;
    while (this.#lastNumber === 0 || this.#calls.get(this.#lastNumber) !== undefined);
    return this.#lastNumber;
  }
}

/** One per thread, like the reply inbox. */
export const pendingCalls = new PendingCalls();
