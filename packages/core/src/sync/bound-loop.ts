import { inspect } from 'node:util';
import { LoopStateError } from '../errors.js';
import type { BaseEventLoop } from '../event-loop.js';
import { getRunningLoop } from '../running-loop.js';

/**
 * The loop that an object belongs to: the loop that is running when a task has to wait for the object for the first
 * time.
 */
export class BoundLoop {
  readonly #owner: object;
  #loop: BaseEventLoop | null = null;

  constructor(owner: object) {
    this.#owner = owner;
  }

  /**
   * The running loop. The first call binds the object to it.
   * @throws {LoopStateError} ERR_OTHER_LOOP when the object is bound to another loop, ERR_NO_RUNNING_LOOP
   */
  get(): BaseEventLoop {
    const running = getRunningLoop();
    this.#loop ??= running;
    if (this.#loop === running) return running;
    throw new LoopStateError(`${inspect(this.#owner)} is bound to a different event loop`, 'ERR_OTHER_LOOP');
  }
}
