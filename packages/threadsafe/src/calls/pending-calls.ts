import { afresh } from '../afresh.js';
import { CallTable } from './call-table.js';
import { type CalledLoop, ConcurrentFuture } from './concurrent-future.js';

/** A period of Node's longest timer, in ms: the timer is there to be referenced, not to fire. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The calls of this thread that other loops have not answered yet. While there are any, the process stays alive. */
class PendingCalls {
  readonly #calls = new CallTable<ConcurrentFuture<unknown>>();
  #lastNumber = 0;
  #keepAlive: NodeJS.Timeout | null = null;

  /** A future for the next number. */
  add<T>(called: CalledLoop): ConcurrentFuture<T> {
    const future = new ConcurrentFuture<T>(called, this.#nextNumber());
    this.#calls.add(future as ConcurrentFuture<unknown>);
    if (this.#calls.size === 1) this.#hold();
    return future;
  }

  /** The future of a call that has been answered. Null: the call is unknown, because it was given up before. */
  take(callId: number): ConcurrentFuture<unknown> | null {
    const future = this.#calls.get(callId);
    if (future === undefined) return null;
    this.#calls.delete(callId);
    if (this.#calls.size === 0) this.#keepAlive?.unref();
    return future;
  }

  /** Whether an answer is to come from the owner of the inbox. */
  has(inboxId: string): boolean {
    for (const future of this.#calls) if (future.called.inboxId === inboxId) return true;
    return false;
  }

  /** The owner of the inbox is gone: none of its calls will be answered. */
  rejectAll(inboxId: string, reason: Error): void {
    for (const future of [...this.#calls]) {
      if (future.called.inboxId === inboxId) this.take(future.callId)?.settleWith('failed', reason);
    }
  }

  #hold(): void {
    if (this.#keepAlive !== null) this.#keepAlive.ref();
    else this.#keepAlive = afresh(() => setInterval(() => undefined, LONGEST_TIMER_MS));
  }

  /** 32 bits of a record: 0 means "no answer wanted", and a number still in use is passed over. */
  #nextNumber(): number {
    do this.#lastNumber = (this.#lastNumber + 1) | 0;
    while (this.#lastNumber === 0 || this.#calls.get(this.#lastNumber) !== undefined);
    return this.#lastNumber;
  }
}

/** One per thread, like the reply inbox that receives the answers. */
export const pendingCalls = new PendingCalls();
