import { LoopStateError } from '@ringloop/core';
import type { CalledLoop, ConcurrentFuture } from './concurrent-future.js';
import { pendingCalls } from './pending-calls.js';
import type { Ring } from '../memory/ring.js';

interface Drain {
  readonly callId: number;
  readonly ring: Ring;
  /** The writer's TAIL when `drained()` was called. */
  readonly position: number;
}

/** Blocks this thread until `attempt()` succeeds. False: the timeout, in seconds, is over. */
type Block = (timeout: number, attempt: (timeoutMs: number) => boolean) => boolean;

/**
 * Futures that wait until a lane's reader has reached some position. Positions are reached in order, so only the first
 * is checked.
 */
export class Drains implements CalledLoop {
  readonly inboxId: string;
  #drains: Drain[] = [];
  /** Why nobody can wait here any more; null while the reader lives. */
  #over: Error | null = null;
  readonly #block: Block;

  constructor(inboxId: string, block: Block) {
    this.inboxId = inboxId;
    this.#block = block;
  }

  add(ring: Ring, position: number): ConcurrentFuture<void> {
    const future = pendingCalls.add<void>(this);
    this.#drains.push({ callId: future.callId, ring, position });
    if (this.#drains.length === 1) this.#look();
    return future;
  }

  /** The reader has ended. The caller rejects the pending futures; later ones reject with `reason`. */
  forget(reason: Error): void {
    this.#over = reason;
    const [first] = this.#drains;
    this.#drains = [];
    first?.ring.wakeWriter(); // a pending waitAsync that nobody wakes would stay for ever
  }

  cancelCall(callId: number): void {
    pendingCalls.take(callId);
  }

  waitFor(isDone: () => boolean, timeout: number): boolean {
    return this.#block(timeout, (timeoutMs) => {
      const first = this.#settle();
      if (isDone()) return true;
      if (first !== null) waitFor(first.ring, timeoutMs);
      this.#settle();
      return isDone();
    });
  }

  #look(): void {
    while (true) {
      const first = this.#settle();
      if (first === null) return;
      const { ring } = first;
      ring.beginWaiting();
      const head = ring.loadHead();
      const waiting = isThere(first, head) || ring.isDropped() ? null : ring.waitForHeadAsync(head);
      if (waiting?.async !== true) {
        ring.endWaiting();
        continue;
      }
      void waiting.value.then(() => {
        ring.endWaiting();
        this.#look();
      });
      return;
    }
  }

  /** Settles the futures that are done, and returns the first that is not. */
  #settle(): Drain | null {
    while (true) {
      const [first] = this.#drains;
      if (first === undefined) return null;
      const done = isThere(first, first.ring.loadHead());
      if (!done && this.#over === null && !first.ring.isDropped()) return first;
      this.#drains.shift();
      const future = pendingCalls.take(first.callId);
      if (done) future?.settleWith('finished', undefined);
      else {
        const closed = new LoopStateError('The loop was closed before it was drained', 'ERR_LOOP_CLOSED');
        future?.settleWith('failed', this.#over ?? closed);
      }
    }
  }
}

function waitFor(ring: Ring, timeoutMs: number): void {
  const head = ring.loadHead();
  ring.beginWaiting();
  ring.waitForHead(head, timeoutMs);
  ring.endWaiting();
}

function isThere({ position }: Drain, head: number): boolean {
  return ((head - position) | 0) >= 0;
}
