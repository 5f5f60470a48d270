import type { WakeUp } from '../inbox/eventfd-wakeup.js';
import type { RemoteId } from '../references/remote.js';

/** What a worker needs to make its loop. It is sent to the worker as it is. */
export interface LoopSpec {
  /** The name of the loop. */
  readonly name: string;
  /** Its index in the group. */
  readonly index: number;
  readonly debug: boolean;
  /** How long the loop looks for more calls before it sleeps, in seconds. */
  readonly spin: number;
  /** How other threads wake the loop's thread. Undefined: the fastest available way. */
  readonly wakeup: WakeUp | undefined;
  /** The function that makes the loop. */
  readonly factory: RemoteId;
  /** The function that runs in the loop before the group is ready. Null: there is none. */
  readonly setup: RemoteId | null;
  /** URLs of modules that are imported before the loop is made. */
  readonly preload: readonly string[];
}
