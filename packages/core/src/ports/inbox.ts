import type { BaseEventLoop } from '../event-loop.js';
import type { Ready } from '../ready-queue.js';

/** The loop's port to other threads: their calls arrive here. `threadsafe` implements it. */
export interface Inbox {
  /** Whether another thread has called since the last `drain()`. Costs one atomic load. */
  readonly signalled: boolean;
  /**
   * Queues the calls that have arrived, in order per producer, behind the entries that are already ready. The loop is
   * awake.
   */
  drain(): void;
  /**
   * Called when the loop has nothing to do. 'asleep': from now until `drain()`, producers must wake the loop. 'signalled': a
   * call has arrived meanwhile. 'awake': the loop should stay awake a little longer.
   * @param isQuiet the last iteration ran nothing, so there are no promise reactions that a search for calls would
   *   delay
   */
  park(isQuiet: boolean): 'asleep' | 'signalled' | 'awake';
  /** Accepts no more calls. Resolves when all accepted calls have run. The loop must be running for that. */
  seal(): Promise<void>;
  /** Accepts no more calls. Drops accepted calls that have not run, as `loop.close()` drops its own. */
  close(): void;
}

/** The part of its loop that the inbox may use. */
export interface InboxOwner {
  readonly loop: BaseEventLoop;
  /** Queues `entry` behind the entries that are already ready. */
  readonly addReady: (entry: Ready) => void;
  /** Queues `entry`, which has begun but not finished, before all ready entries, and ends the iteration. */
  readonly putBack: (entry: Ready) => void;
  /**
   * Returns false when calls have used up their share of this iteration. The rest of an entry must then be put back.
   */
  readonly mayGoOn: () => boolean;
  /** Gives the loop a turn now. Does nothing while the loop is not running. */
  readonly wake: () => void;
}

export type OpenInbox = (owner: InboxOwner) => Inbox;
