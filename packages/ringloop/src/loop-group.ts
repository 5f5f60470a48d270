import { LoopGroup as BareLoopGroup, type LoopGroupOptions } from '@ringloop/threadsafe';
import { detachPolled, sharePolledDescriptors } from '@ringloop/net/internal';
import { createEventLoop } from './event-loop.js';

/** Loops in worker threads, spawned and closed together. */
export class LoopGroup extends BareLoopGroup {
  /**
   * Starts `loops` workers, each with an EventLoop of its own, and resolves when every loop runs. If one fails to start,
   * the others are ended and its error is thrown.
   */
  static override spawn(options: LoopGroupOptions = {}): Promise<BareLoopGroup> {
    sharePolledDescriptors(); // before the workers start, which inherit it
    return BareLoopGroup.spawn({ ...options, loopFactory: createEventLoop, beforeTerminate: detachPolled });
  }
}
