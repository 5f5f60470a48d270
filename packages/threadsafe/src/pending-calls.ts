import { type CalledLoop, ConcurrentFuture } from './concurrent-future.js';

/** A period of Node's longest timer, in ms: the timer is there to be referenced, not to fire. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The calls of this thread that other loops have not answered yet. While there are any, the process stays alive. */
class PendingCalls {
  readonly #calls = new Map<number, ConcurrentFuture<unknown>>();
  #lastNumber = 0;
  #keepAlive: NodeJS.Timeout | null = null;

  /** A future for the next number. */
  add<T>(called: CalledLoop): { call: number; future: ConcurrentFuture<T> } {
    const call = this.#nextNumber();
    const future = new ConcurrentFuture<T>(called, call);
    this.#calls.set(call, future as ConcurrentFuture<unknown>);
    this.#keepAlive ??= setInterval(() => undefined, LONGEST_TIMER_MS);
    return { call, future };
  }

  /** The future of a call that has been answered. Null: the call is unknown, because it was given up before. */
  take(call: number): ConcurrentFuture<unknown> | null {
    const future = this.#calls.get(call);
    if (future === undefined) return null;
    this.#calls.delete(call);
    this.#letGo();
    return future;
  }

  /** The owner of the inbox is gone: none of its calls will be answered. */
  rejectAll(inboxId: string, reason: Error): void {
    for (const [call, future] of [...this.#calls]) {
      if (future.called.inboxId === inboxId) this.take(call)?.settleWith({ reason });
    }
  }

  #letGo(): void {
    if (this.#calls.size > 0 || this.#keepAlive === null) return;
    clearInterval(this.#keepAlive);
    this.#keepAlive = null;
  }

  /** 32 bits of a record: 0 means "no answer wanted", and a number still in use is passed over. */
  #nextNumber(): number {
    do this.#lastNumber = (this.#lastNumber + 1) | 0;
    while (this.#lastNumber === 0 || this.#calls.has(this.#lastNumber));
    return this.#lastNumber;
  }
}

/** One per thread, like the mailbox that receives the answers. */
export const pendingCalls = new PendingCalls();
