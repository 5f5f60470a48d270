import type { BaseEventLoop } from '../event-loop.js';
import type { Ready } from '../ready-queue.js';

/** The loop's port to other threads: where their calls arrive. `threadsafe` implements it. */
export interface Inbox {
  /** Whether another thread has called since the last `drain()`. Costs one atomic load. */
  readonly signalled: boolean;
  /** The loop is awake: queues the calls that have arrived, in order per producer, behind what is ready already. */
  drain(): void;
  /**
   * The loop has nothing to do. 'asleep': from now on, until `drain()`, producers must wake it. 'signalled': a call came in meanwhile.
   * 'awake': it would rather not sleep yet.
   * @param isQuiet the last iteration ran nothing, so no promise reaction is under way that looking for calls would hold up
   */
  park(isQuiet: boolean): 'asleep' | 'signalled' | 'awake';
  /** No call gets in from now on. Resolves when all that got in have run, for which the loop must be running. */
  seal(): Promise<void>;
  /** No call gets in from now on; calls that were let in but have not run are dropped as `loop.close()` drops its own. */
  close(): void;
}

/** What the inbox may do to its loop. */
export interface InboxOwner {
  readonly loop: BaseEventLoop;
  /** Queues `entry` behind what is ready already. */
  readonly addReady: (entry: Ready) => void;
  /** Queues `entry`, which has begun but not finished, before what is ready already, and ends the iteration. */
  readonly putBack: (entry: Ready) => void;
  /** False: calls have had their share of this iteration, and what is left of an entry is to be put back. */
  readonly mayGoOn: () => boolean;
  /** Gives the loop a turn now; does nothing while it is not running. */
  readonly wake: () => void;
}

export type OpenInbox = (owner: InboxOwner) => Inbox;
