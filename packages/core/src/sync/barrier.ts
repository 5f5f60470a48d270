import { inspect } from 'node:util';
import type { Awaitable } from '../awaitable.js';
import { Condition } from './condition.js';
import { BrokenBarrierError, rangeError, typeError } from '../errors.js';
import type { CoroutineGenerator } from '../generator-driver.js';
import { startCoroutine } from '../running-coroutine.js';
import { runScoped, type ScopeBody } from '../scope.js';

/**
 * - filling: fewer tasks than `parties` have come; they wait
 * - draining: all have come and are leaving; newcomers wait outside until the last one has left
 * - resetting: as draining, but the tasks that leave throw
 * - broken: every wait throws
 */
type BarrierState = 'filling' | 'draining' | 'resetting' | 'broken';

/**
 * A point where a fixed number of tasks wait for each other. It can be used again and again. Python: asyncio.Barrier.
 */
export class Barrier {
  readonly #changed = new Condition();
  readonly #parties: number;
  #state: BarrierState = 'filling';
  /** How many tasks have entered and not left yet. */
  #count = 0;

  /**
   * @throws {RangeError} when `parties` is less than 1 or not an integer
   * @throws {TypeError} when `parties` is not a number
   */
  constructor(parties: number) {
    if (typeof parties !== 'number') throw typeError(`parties must be a number, got ${inspect(parties)}`);
    if (!(parties >= 1)) throw rangeError(`parties must be > 0, got ${parties}`);
    if (!Number.isInteger(parties)) throw rangeError(`parties must be an integer, got ${parties}`);
    this.#parties = parties;
  }

  /** How many tasks must wait before all of them continue. Python: Barrier.parties. */
  get parties(): number {
    return this.#parties;
  }

  /** How many tasks are waiting for the others. Python: Barrier.n_waiting. */
  get nWaiting(): number {
    return this.#state === 'filling' ? this.#count : 0;
  }

  /** Whether the barrier was aborted. Python: Barrier.broken. */
  get broken(): boolean {
    return this.#state === 'broken';
  }

  /**
   * Waits until `parties` tasks are waiting. Gives the task's place in the order of arrival, from 0 to `parties` - 1.
   * Python: Barrier.wait().
   * @throws {BrokenBarrierError} when the barrier is broken, or is aborted or reset while the task waits
   * @throws {CancelledError} when the task is cancelled while it waits; then another task must come in its place
   * @throws {LoopStateError} ERR_OTHER_LOOP when others have waited in another loop, ERR_NO_RUNNING_LOOP
   */
  wait(): Awaitable<number> {
    return startCoroutine(this.#wait());
  }

  /**
   * Waits, then runs an async function or generator function with the place in the order of arrival, and gives its
   * result. Python: async with barrier.
   */
  run<R>(body: ScopeBody<number, R>): Awaitable<R> {
    return runScoped(
      () => this.#wait(),
      body,
      () => undefined,
    );
  }

  /**
   * Empties the barrier: waiting tasks throw BrokenBarrierError. Also repairs a barrier that was aborted.
   * Python: Barrier.reset().
   */
  reset(): Awaitable<void> {
    return startCoroutine(this.#reset());
  }

  /**
   * Breaks the barrier: tasks that wait now or come later throw BrokenBarrierError, until it is reset.
   * Python: Barrier.abort().
   */
  abort(): Awaitable<void> {
    return startCoroutine(this.#abort());
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const waiting = this.broken ? '' : `, waiters:${this.nWaiting}/${this.#parties}`;
    return `<${this.constructor.name} [${this.#state}${waiting}]>`;
  }

  *#wait(): CoroutineGenerator<number> {
    yield* this.#changed.acquire();
    try {
      yield* this.#waitForEntry();
      const index = this.#count++;
      try {
        if (this.#count === this.#parties) this.#become('draining');
        else yield* this.#waitForOthers();
      } finally {
        this.#leave();
      }
      return index;
    } finally {
      this.#changed.release();
    }
  }

  *#waitForEntry(): CoroutineGenerator<void> {
    yield* this.#changed.waitFor(() => this.#state === 'filling' || this.#state === 'broken');
    if (this.#state === 'broken') throw new BrokenBarrierError('Barrier aborted');
  }

  *#waitForOthers(): CoroutineGenerator<void> {
    yield* this.#changed.waitFor(() => this.#state !== 'filling');
    if (this.#state !== 'draining') throw new BrokenBarrierError('Abort or reset of barrier');
  }

  #leave(): void {
    if (--this.#count === 0) this.#become(this.#state === 'broken' ? 'broken' : 'filling');
  }

  *#reset(): CoroutineGenerator<void> {
    yield* this.#changed.acquire();
    this.#become(this.#count > 0 ? 'resetting' : 'filling');
    this.#changed.release();
  }

  *#abort(): CoroutineGenerator<void> {
    yield* this.#changed.acquire();
    this.#become('broken');
    this.#changed.release();
  }

  /**
   * The only place where the state changes. Every change is legal. Wakes all waiters, which look at the state again.
   */
  #become(state: BarrierState): void {
    this.#state = state;
    this.#changed.notifyAll();
  }
}
