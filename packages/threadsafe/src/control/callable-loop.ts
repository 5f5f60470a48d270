import type { ConcurrentFuture } from '../concurrent-future.js';
import type { InboxAddress } from '../inbox-memory.js';
import type { RemoteFunction, RemoteResult } from '../remote.js';

/** A loop as proxies call it. LoopRef is one; this interface keeps the control plane from importing it. */
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
