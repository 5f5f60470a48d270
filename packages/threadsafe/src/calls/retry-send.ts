import { isError } from '@ringloop/core/internal';
import { RingFullError, TooManyProducersError } from '../errors.js';

/** Delay before a full ring is tried again, in ms. Arbitrary. */
const RETRY_MS = 10;

/**
 * Sends internal messages that must arrive some time, unless the receiver is gone: replies, cancellations, news of the
 * group. They do not come from the user's code, so nobody could react to a full ring by slowing down: sending is
 * retried. Throws only what `send` throws for other reasons.
 */
export function sendEventually(send: () => void): void {
  try {
    send();
  } catch (thrown) {
    sendAgain(thrown, send);
  }
}

/** Continues after an attempt to send has thrown. */
export function sendAgain(thrown: unknown, send: () => void): void {
  if (thrown instanceof RingFullError) setTimeout(() => sendEventually(send), RETRY_MS);
  else if (!isUnreachable(thrown)) throw thrown;
}

/**
 * As `sendEventually()`, for a reply inbox. A lane there becomes free once those of ended threads were read, so sending
 * is also retried when none is free.
 */
export function replyEventually(send: () => void): void {
  try {
    send();
  } catch (thrown) {
    replyAgain(thrown, send);
  }
}

/** As `sendAgain()`, for a reply inbox. */
export function replyAgain(thrown: unknown, send: () => void): void {
  if (thrown instanceof TooManyProducersError) setTimeout(() => replyEventually(send), RETRY_MS);
  else sendAgain(thrown, () => replyEventually(send));
}

/** Whether sending failed because there is nobody to receive it. */
export function isUnreachable(thrown: unknown): boolean {
  const code: unknown = isError(thrown) && 'code' in thrown ? thrown.code : null;
  return code === 'ERR_LOOP_CLOSED' || code === 'ERR_PEER_EXITED';
}
