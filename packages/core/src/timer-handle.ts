import type { Context } from './context.js';
import type { BaseEventLoop } from './event-loop.js';
import { type Callback, Handle } from './handle.js';
import type { HeapEntry, TimerHeap } from './timer-heap.js';

/** A call scheduled for a time, as returned by `callLater()` and `callAt()`. Python: asyncio.TimerHandle. */
export class TimerHandle extends Handle implements HeapEntry {
  readonly #when: number;
  #heap: TimerHeap<TimerHandle> | null;

  constructor(
    when: number,
    callback: Callback,
    args: readonly unknown[],
    loop: BaseEventLoop,
    context: Context,
    heap: TimerHeap<TimerHandle>,
  ) {
    super(callback, args, loop, context);
    this.#when = when;
    this.#heap = heap;
  }

  /** The time the call is due, in seconds of `loop.time()`. Python: TimerHandle.when(). */
  when(): number {
    return this.#when;
  }

  override cancel(): void {
    if (!this.cancelled()) this.#heap?.noteCancelled();
    super.cancel();
  }

  /** Called when it has left the heap. The heap need not learn of a later cancel(). */
  leftHeap(): void {
    this.#heap = null;
  }

  protected override describe(): string {
    const call = super.describe();
    const when = `when=${this.#when}`;
    return this.cancelled() ? call.replace('cancelled', `cancelled ${when}`) : `${when} ${call}`;
  }
}
