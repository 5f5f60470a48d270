/**
 * How the loops of worker threads reach the hub in the main thread: by requests on a BroadcastChannel, which any thread
 * finds by its name. A worker knows that the hub is there from its environment data: Node copies those of the thread
 * that starts it.
 */
import { BroadcastChannel, getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { PROTOCOL } from '@ringloop/core/internal';
import { afresh } from '../afresh.js';
import type { InboxAddress } from '../memory/inbox-memory.js';

/** What the loop of a worker asks of the hub. */
export type SignalRequest =
  | {
      readonly kind: 'add' | 'remove';
      /** Numbers the requests of the loop; the hub writes it into the loop's memory when it has dealt with the request. */
      readonly number: number;
      readonly signal: number;
      readonly address: InboxAddress;
      readonly memory: SharedArrayBuffer;
      readonly threadId: number;
      /** See kernel-thread.ts. */
      readonly kernelThread: string | null;
    }
  /** The loop is closed. There is no reply. */
  | { readonly kind: 'close'; readonly id: string };

const NAME = `ringloop:signals.v${PROTOCOL}`;

/** Main thread: calls `onRequest` for each request from now on. Does not keep the process alive. */
export function listenForRequests(onRequest: (request: SignalRequest) => void): void {
  const channel = afresh(() => new BroadcastChannel(NAME));
  channel.onmessage = (event) => onRequest((event as { data: SignalRequest }).data); // only this package knows the name
  channel.unref();
  setEnvironmentData(NAME, true); // afterwards: now threads may ask
}

/** Worker: whether the main thread listened when this thread, or the one that started it, was started. */
export function hubListens(): boolean {
  return getEnvironmentData(NAME) === true;
}

/** Worker: sends a request. The channel is closed at once, because an open end would get the requests of all others. */
export function sendRequest(request: SignalRequest): void {
  const channel = afresh(() => new BroadcastChannel(NAME));
  channel.postMessage(request);
  channel.close();
}
