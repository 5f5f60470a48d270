import { shared } from '@ringloop/core/internal';
import { remote } from '../references/remote.js';

/** Gets the signals of one loop of this thread. */
export interface SignalReceiver {
  arrived(signal: number): void;
}

/**
 * The receivers of this thread's loops, by the ids of their inboxes. Shared by all copies of this package: the hub may
 * be of another copy than the loop, and names its own `signalArrived`.
 */
export const receivers = shared('signal receivers', () => new Map<string, SignalReceiver>());

/** Called in the loop by the hub. Nobody is there if the handler was removed, or the loop closed, meanwhile. */
export const signalArrived = remote(
  import.meta.url,
  function signalArrived(signal: number, loopId: string): void {
    receivers.get(loopId)?.arrived(signal);
  },
);
