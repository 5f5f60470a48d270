import { isError } from '@ringloop/core/internal';
import { RingFullError, TooManyProducersError } from '../errors.js';

/** Until a full ring is tried again, in ms. Arbitrary. */
const RETRY_MS = 10;

/**
 * Sends what must arrive some time, and matters to nobody once the receiver is gone: answers, cancellations, news of the
 * group. Its sender is not the user's code, which could slow down. Throws only what `send` throws for other reasons.
 */
export function sendEventually(send: () => void): void {
  try {
    send();
  } catch (thrown) {
    sendAgain(thrown, send);
  }
}

/** After an attempt to send that has thrown. */
export function sendAgain(thrown: unknown, send: () => void): void {
  if (thrown instanceof RingFullError) setTimeout(() => sendEventually(send), RETRY_MS);
  else if (!isUnreachable(thrown)) throw thrown;
}

/** As `sendEventually()`, into a reply inbox: a lane there becomes free when those of threads that have ended were read. */
export function replyEventually(send: () => void): void {
  try {
    send();
  } catch (thrown) {
    replyAgain(thrown, send);
  }
}

/** As `sendAgain()`, into a reply inbox. */
export function replyAgain(thrown: unknown, send: () => void): void {
  if (thrown instanceof TooManyProducersError) setTimeout(() => replyEventually(send), RETRY_MS);
  else sendAgain(thrown, () => replyEventually(send));
}

/** Whether sending failed because there is nobody to receive it. */
export function isUnreachable(thrown: unknown): boolean {
  const code: unknown = isError(thrown) && 'code' in thrown ? thrown.code : null;
  return code === 'ERR_LOOP_CLOSED' || code === 'ERR_PEER_EXITED';
}
