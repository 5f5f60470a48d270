import type { ConcurrentFuture } from '../calls/concurrent-future.js';
import type { InboxAddress } from '../memory/inbox-memory.js';
import type { RemoteFunction, RemoteResult } from '../references/remote.js';

/**
 * A loop in the form in which proxies call it. LoopRef implements this; the interface keeps the control plane from
 * importing it.
 */
export interface CallableLoop {
  readonly name: string;
  readonly address: InboxAddress;
  /** See LoopRef. */
  toWire(): object;
  /** See LoopRef. */
  callSoonThreadsafe<A extends unknown[]>(fn: RemoteFunction<A>, ...args: A): unknown;
  /** See LoopRef. */
  runCoroutineThreadsafe<A extends unknown[], R>(
    fn: RemoteFunction<A, R>,
    ...args: A
  ): ConcurrentFuture<RemoteResult<R>>;
}
