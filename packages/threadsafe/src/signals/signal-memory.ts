/**
 * What a loop and the main thread share about signals: which have arrived, and the replies to the loop's requests.
 *
 *   word             written by             read by     meaning
 *   PENDING[signal]  main thread (cas),     both        1: the main thread has sent a call about this signal, and the loop
 *                    the loop                           has not dealt with it yet; as a pending signal in the kernel
 *   REPLIED          main thread            the loop    number of the last request that the main thread has dealt with
 *   ERRNO            main thread            the loop    0, or why the system refuses what that request asks for
 *
 * 1. PENDING 0 -> 1 by the main thread, which then sends one call; 1 -> 0 by the loop, before it queues the handler. So
 *    the handler is queued at least once after each signal, and a flood of signals makes one call at a time. (If the
 *    loop cleared the word afterwards, a signal in between would be lost.)
 * 2. A call that could not be sent is taken back: 1 -> 0 by the main thread.
 * 3. A loop makes one request at a time, with numbers that grow, and the main thread deals with them in that order. It
 *    writes ERRNO before REPLIED, and neither again before the next request.
 *
 * The memory belongs to one loop, and is sent with each of its requests. Source: ours, after sigpending(2).
 */
import { cas, load, notify, store, wait } from '#atomics';

const PENDING = 0;
const SIGNALS = 32;
const REPLIED = PENDING + SIGNALS;
const ERRNO = REPLIED + 1;
const WORDS = ERRNO + 1;

export class SignalMemory {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory = new SharedArrayBuffer(WORDS * 4)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** Main thread: whether the loop must be called; otherwise a call about this signal is on its way to it. */
  tryMark(signal: number): boolean {
    return cas(this.#words, PENDING + signal, 0, 1) === 0;
  }

  /** Loop: the signal is dealt with now, so another one needs another call. Main thread: the call could not be sent. */
  clear(signal: number): void {
    store(this.#words, PENDING + signal, 0);
  }

  /** Main thread: has dealt with the request. */
  reply(request: number, errno: number): void {
    store(this.#words, ERRNO, errno);
    store(this.#words, REPLIED, request);
    notify(this.#words, REPLIED, Infinity);
  }

  /**
   * Loop: blocks until the main thread has dealt with the request. Returns 0, or why the system refuses it. Null: there
   * was no reply in time.
   */
  waitForReply(request: number, timeoutMs: number): number | null {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const replied = load(this.#words, REPLIED);
      if (replied === request) return load(this.#words, ERRNO);
      const left = deadline - performance.now();
      if (left <= 0 || wait(this.#words, REPLIED, replied, left) === 'timed-out') {
        // The reply may have come in the last moment.
        return load(this.#words, REPLIED) === request ? load(this.#words, ERRNO) : null;
      }
    }
  }
}
