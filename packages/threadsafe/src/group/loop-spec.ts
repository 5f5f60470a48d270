import type { WakeUp } from '../inbox/eventfd-wakeup.js';
import type { RemoteId } from '../references/remote.js';

/** What a worker needs to know to make its loop. It crosses as it is. */
export interface LoopSpec {
  /** The name of the loop, and its place in the group. */
  readonly name: string;
  readonly index: number;
  readonly debug: boolean;
  /** How long the loop looks for more before it sleeps, in seconds. */
  readonly spin: number;
  /** How the thread is woken; undefined: the faster way of those there are. */
  readonly wakeup: WakeUp | undefined;
  /** Makes the loop. */
  readonly factory: RemoteId;
  /** Runs in the loop before the group is ready; null: nothing does. */
  readonly setup: RemoteId | null;
  /** URLs of modules that are imported before the loop is made. */
  readonly preload: readonly string[];
}
