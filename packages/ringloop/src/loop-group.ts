import { LoopGroup as BareLoopGroup, type LoopGroupOptions } from '@ringloop/threadsafe';
import { detachPolled, sharePolledDescriptors } from '@ringloop/net/internal';
import { createEventLoop } from './event-loop.js';

/** Loops in worker threads, spawned and closed together. */
export class LoopGroup extends BareLoopGroup {
  /**
   * Starts `loops` workers, each with an EventLoop of its own, and resolves when every loop runs. If one fails to start,
   * the others are ended and its error is thrown.
   */
  static override spawn(options: LoopGroupOptions = {}): Promise<LoopGroup> {
    sharePolledDescriptors(); // before the workers start, which inherit it
    const group = super.spawn({ ...options, loopFactory: createEventLoop, beforeTerminate: detachPolled });
    return group as Promise<LoopGroup>; // it makes an instance of the class that it is called on
  }
}
