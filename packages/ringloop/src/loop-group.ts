import { LoopGroup as BareLoopGroup, type LoopGroupOptions } from '@ringloop/threadsafe';
import { InternalError } from '@ringloop/core';
import { awaitKoffiLoading, shareKoffiLoading } from '@ringloop/net/internal';
import { createEventLoop } from './event-loop.js';

/** Loops in worker threads, spawned and closed together. */
export class LoopGroup extends BareLoopGroup {
  /**
   * Starts `loops` workers, each with an EventLoop of its own, and resolves when every loop runs. If one fails to start,
   * the others are ended and its error is thrown.
   */
  static override async spawn(options: LoopGroupOptions = {}): Promise<LoopGroup> {
    shareKoffiLoading(); // before the workers start, which inherit it
    const group = await super.spawn({
      ...options,
      loopFactory: createEventLoop,
      beforeTerminate: awaitKoffiLoading,
    });
    if (!(group instanceof LoopGroup)) throw new InternalError('spawn() made a group of another class');
    return group;
  }
}
