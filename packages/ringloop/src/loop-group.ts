import { LoopGroup as BareLoopGroup, type LoopGroupOptions } from '@ringloop/threadsafe';
import type { Awaitable } from '@ringloop/core';
import {
  adoptChildrenOfWorkers,
  awaitKoffiLoading,
  shareEventfds,
  shareKoffiLoading,
} from '@ringloop/net/internal';
import { createEventLoop } from './event-loop.js';
import { relayIfMain } from './relay-signals.js';

/** Loops in worker threads, spawned and closed together. */
export class LoopGroup extends BareLoopGroup {
  /**
   * Starts `loops` workers, each with an EventLoop of its own, and resolves when every loop runs. If one fails to
   * start, it ends the others and throws the error. When cancelled, it ends the workers before it throws.
   */
  static override spawn(options: LoopGroupOptions = {}): Awaitable<LoopGroup> {
    shareKoffiLoading(); // these first: the workers inherit them when they start
    shareEventfds();
    adoptChildrenOfWorkers();
    relayIfMain();
    const ports = { loopFactory: createEventLoop, beforeTerminate: awaitKoffiLoading };
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- spawn() calls `new this()`
    return super.spawn({ ...options, ...ports });
  }
}
