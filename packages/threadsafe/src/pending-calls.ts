import { ConcurrentFuture } from './concurrent-future.js';

interface PendingCall {
  readonly inboxId: string;
  readonly future: ConcurrentFuture<unknown>;
}

/** A period of Node's longest timer, in ms: the timer is there to be referenced, not to fire. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The calls of this thread that other loops have not answered yet. While there are any, the process stays alive. */
class PendingCalls {
  readonly #calls = new Map<number, PendingCall>();
  #lastNumber = 0;
  #keepAlive: NodeJS.Timeout | null = null;

  add<T>(
    inboxId: string,
    cancelRemote: (call: number) => void,
  ): { call: number; future: ConcurrentFuture<T> } {
    const call = this.#nextNumber();
    const future = new ConcurrentFuture<T>(() => cancelRemote(call));
    this.#calls.set(call, { inboxId, future: future as ConcurrentFuture<unknown> });
    this.#keepAlive ??= setInterval(() => undefined, LONGEST_TIMER_MS);
    return { call, future };
  }

  /** The future of a call that has been answered. Null: the call is unknown, because it was given up before. */
  take(call: number): ConcurrentFuture<unknown> | null {
    const pending = this.#calls.get(call);
    if (pending === undefined) return null;
    this.#calls.delete(call);
    this.#letGo();
    return pending.future;
  }

  /** The owner of the inbox is gone: none of its calls will be answered. */
  rejectAll(inboxId: string, reason: Error): void {
    for (const [call, pending] of [...this.#calls]) {
      if (pending.inboxId === inboxId) this.take(call)?.settleWith({ reason });
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
