import { isMainThread } from 'node:worker_threads';
import { signalDispositions } from '@ringloop/net/internal';
import { openSignalHub } from '@ringloop/threadsafe/internal';

/**
 * Lets the loops of all threads that are started from now on handle signals, though the main thread has no loop: Node
 * gets signals in the main thread only, which must pass them on. A loop or a LoopGroup that is made in the main thread
 * does so by itself. Can be repeated, and does not keep the process alive. Python has no counterpart.
 * @throws {SignalError} ERR_NO_SIGNAL_HUB in a worker
 */
export function relaySignals(): void {
  openSignalHub(signalDispositions);
}

/** As `relaySignals()` in the main thread; does nothing in a worker. */
export function relayIfMain(): void {
  if (isMainThread) relaySignals();
}
