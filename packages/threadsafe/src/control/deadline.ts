import { LONGEST_TIMER_MS, peekRunningLoop } from '@ringloop/core/internal';

/**
 * Calls `expire` in `seconds`: by the running loop, or by a timer of Node's if none runs here, because a thread may
 * call without a loop.
 * @returns a function that cancels it
 */
export function startDeadline(seconds: number, expire: () => void): () => void {
  const loop = peekRunningLoop();
  if (loop !== null) {
    const handle = loop.callLater(seconds, expire);
    return () => handle.cancel();
  }
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    const periodMs = Math.min(leftMs, LONGEST_TIMER_MS);
    timer = setTimeout(() => (leftMs > periodMs ? arm(leftMs - periodMs) : expire()), periodMs);
  };
  arm(Math.ceil(seconds * 1000) + 1); // Node's timers may come 1 ms early
  return () => clearTimeout(timer);
}
