import { inspect } from 'node:util';
import type { Awaitable } from '../awaitable.js';
import { type Block, type BlockBody, runBlock } from '../block.js';
import { checkTime } from '../check-callback.js';
import { CancelledError, ExceptionGroup, InvalidStateError, isError, TimeoutError } from '../errors.js';
import type { Handle } from '../handle.js';
import { getRunningLoop } from '../running-loop.js';

type TimeoutState = 'created' | 'active' | 'expiring' | 'expired' | 'finished';

/**
 * A deadline for a block of code. When it passes, the block is cancelled as a task is. A CancelledError that then
 * leaves the block becomes a TimeoutError, unless somebody else has asked for the cancellation. Made by `timeout()` and
 * `timeoutAt()`, for one block only. Python: asyncio.Timeout.
 */
export class Timeout {
  #state: TimeoutState = 'created';
  #when: number | null;
  /** The block, and how many cancellations of it were pending when it began. */
  #block!: Block; // set by #enter(), and never read before
  #cancelling = 0;
  #handle: Handle | null = null;

  /**
   * @param when in seconds of `loop.time()`, or null for no deadline
   * @throws {TypeError} when `when` is neither a number nor null, or is NaN
   */
  constructor(when: number | null) {
    if (when !== null) checkTime(when, 'when');
    this.#when = when;
  }

  /**
   * Runs `body`, an async function or a generator function, as part of the current task, and gives its result, like
   * Python's `async with timeout(…):`. Rejects with TimeoutError when the deadline passed and ended the body, with
   * InvalidStateError outside of a task or when it has been entered before, and with whatever the body throws.
   *
   * The body is interrupted where it awaits a future, anything else of this library, or a combinator of those
   * (`Promise.race`). An await of a native promise cannot be interrupted: the next await of a future throws the
   * cancellation. A body without such an await runs to its end and gives its result late; `expired()` then
   * returns true. There are two ways out:
   * - Pass on the AbortSignal that the body gets as its second argument. It aborts with this block, with the blocks
   *   around it and with the task.
   * - Await the promise by `waitFor()`, which abandons it.
   *
   * @throws {TypeError} when `body` is not a function
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
   */
  run<R>(body: BlockBody<Timeout, R>): Awaitable<R> {
    return runBlock(
      body,
      (block) => this.#enter(block),
      (error) => this.#exit(error),
    );
  }

  /** The deadline, in seconds of `loop.time()`, or null if there is none. Python: Timeout.when(). */
  when(): number | null {
    return this.#when;
  }

  /**
   * Moves the deadline, or removes it if `when` is null. A deadline in the past expires in the next iteration.
   * Python: Timeout.reschedule().
   * @throws {InvalidStateError} unless the block is running and the deadline has not passed
   * @throws {TypeError} when `when` is neither a number nor null, or is NaN
   */
  reschedule(when: number | null): void {
    if (when !== null) checkTime(when, 'when');
    if (this.#state === 'created') throw new InvalidStateError('Timeout has not been entered');
    if (this.#state !== 'active') {
      throw new InvalidStateError(`Cannot change state of ${this.#state} Timeout`);
    }
    this.#when = when;
    this.#handle?.cancel();
    this.#handle = when === null ? null : this.#schedule(when);
  }

  /** Whether the deadline passed while the block ran, even if the block did not time out. Python: Timeout.expired(). */
  expired(): boolean {
    return this.#state === 'expiring' || this.#state === 'expired';
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const when = this.#when === null ? null : Math.round(this.#when * 1000) / 1000;
    return `<Timeout [${this.#state}]${this.#state === 'active' ? ` when=${when}` : ''}>`;
  }

  #enter(block: Block | null): this {
    if (this.#state !== 'created') throw new InvalidStateError('Timeout has already been entered');
    if (block === null) throw new InvalidStateError('Timeout should be used inside a task');
    this.#state = 'active';
    this.#cancelling = block.cancelling();
    this.#block = block;
    block.entered();
    this.reschedule(this.#when);
    return this;
  }

  #schedule(when: number): Handle {
    const loop = getRunningLoop();
    return when <= loop.time() ? loop.callSoon(this.#onDeadline) : loop.callAt(when, this.#onDeadline);
  }

  readonly #onDeadline = (): void => {
    this.#state = 'expiring';
    this.#handle = null;
    this.#block.cancel();
  };

  #exit(thrown: unknown): void {
    this.#handle?.cancel();
    this.#handle = null;
    const error = this.#block.left(thrown);
    if (this.#state === 'active') this.#state = 'finished';
    else {
      this.#state = 'expired';
      // If somebody else has cancelled the block as well, their cancellation takes precedence.
      if (this.#block.uncancel() <= this.#cancelling) becomeTimeout(error);
    }
    if (error !== thrown) throw error;
  }
}

/**
 * A limit of `delay` seconds from now for a block of code: `await timeout(5).run(async () => { … })`, or in a generator
 * coroutine `yield* timeout(5).run(function* () { … })`. With null there is no limit until `reschedule()` sets one. A
 * delay of 0 or less expires at the block's first wait. Python: asyncio.timeout().
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 * @throws {TypeError} when `delay` is neither a number nor null, or is NaN
 */
export function timeout(delay: number | null): Timeout {
  if (delay === null) return new Timeout(null);
  checkTime(delay, 'delay');
  return new Timeout(getRunningLoop().time() + delay);
}

/**
 * As `timeout()`, with the deadline itself, in seconds of `loop.time()`. Python: asyncio.timeout_at().
 * @throws {TypeError} when `when` is neither a number nor null, or is NaN
 */
export function timeoutAt(when: number | null): Timeout {
  return new Timeout(when);
}

const timedOut = (cause: unknown): TimeoutError => new TimeoutError('Timed out', { cause });

/**
 * Replaces a CancelledError by a TimeoutError. In other errors, replaces the CancelledError that caused them.
 * @throws {TimeoutError} when `error` is a CancelledError
 */
function becomeTimeout(error: unknown): void {
  if (error instanceof CancelledError) throw timedOut(error);
  replaceCancellation(error);
  if (error instanceof ExceptionGroup) error.errors.forEach(replaceCancellation);
}

/** Replaces the first CancelledError among the causes of `error` by a TimeoutError, which has it as its cause. */
function replaceCancellation(error: unknown): void {
  const seen = new Set<unknown>();
  for (let at = error; isError(at) && !seen.has(at); at = at.cause) {
    seen.add(at);
    if (at instanceof TimeoutError) return; // the chain already names a timeout
    if (at.cause instanceof CancelledError) {
      Reflect.set(at, 'cause', timedOut(at.cause)); // does nothing if the error is frozen
      return;
    }
  }
}
