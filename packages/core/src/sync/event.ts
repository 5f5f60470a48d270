import { inspect } from 'node:util';
import type { Awaitable } from '../awaitable.js';
import { BoundLoop } from './bound-loop.js';
import type { CoroutineGenerator } from '../generator-driver.js';
import { startCoroutine } from '../running-coroutine.js';
import { SETTLED_TRUE } from '../settled.js';
import { WaiterQueue } from './waiter-queue.js';

/** A flag that tasks can wait for. Python: asyncio.Event. */
export class Event {
  readonly #loop = new BoundLoop(this);
  readonly #waiters = new WaiterQueue();
  #set = false;

  /** Python: Event.is_set(). */
  isSet(): boolean {
    return this.#set;
  }

  /**
   * Raises the flag. All waiting tasks continue, even if the flag is cleared again before they do. Python: Event.set().
   */
  set(): void {
    if (this.#set) return;
    this.#set = true;
    while (this.#waiters.wakeNext() !== null);
  }

  /** Lowers the flag. Python: Event.clear(). */
  clear(): void {
    this.#set = false;
  }

  /**
   * Waits until the flag is raised. Python: Event.wait().
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_OTHER_LOOP when it must wait and others have waited in another loop,
   *   ERR_NO_RUNNING_LOOP
   */
  wait(): Awaitable<true> {
    return this.#set ? SETTLED_TRUE : startCoroutine(this.#wait());
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const { size } = this.#waiters;
    const waiting = size > 0 ? `, waiters:${size}` : '';
    return `<${this.constructor.name} [${this.#set ? 'set' : 'unset'}${waiting}]>`;
  }

  *#wait(): CoroutineGenerator<true> {
    const waiter = this.#waiters.add(this.#loop.get());
    try {
      yield waiter;
    } finally {
      this.#waiters.remove(waiter);
    }
    return true;
  }
}
