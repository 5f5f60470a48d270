import { CANCEL_PASS } from './loop-internals.js';
import type { Task } from './task.js';

/** How many tasks are cancelled one within the other, as in CPython, before the rest has to wait: far from the end of any stack. */
const DEEPEST = 100;

/** The passes of the outermost cancel() that is under way, and those of them that wait until the stack is unwound. */
let reached: CancelPass[] = [];
let waiting: CancelPass[] = [];
let innermost: CancelPass | null = null;
let depth = 0;

/**
 * How one cancel() of the outside reaches a task. Tasks wait for tasks, in chains of any length, and in circles when somebody has
 * made a mistake. So each is reached once; one that is asked again by a task that it waits for is told so; and not too many are
 * cancelled one within the other.
 */
export class CancelPass {
  readonly #task: Task<unknown>;
  readonly #message: string | undefined;
  /** The pass of the task that waits for this one. */
  readonly #from: CancelPass | null;
  /** A task that this one waits for has just asked to cancel it. */
  closesCircle = false;

  private constructor(task: Task<unknown>, message: string | undefined) {
    this.#task = task;
    this.#message = message;
    this.#from = innermost;
  }

  /** Cancels `task`, and what it waits for. False where that leads back to it. */
  static through(task: Task<unknown>, message: string | undefined): boolean {
    const underway = task[CANCEL_PASS];
    if (underway !== null) {
      underway.closesCircle = innermost !== null && innermost.#comesFrom(underway);
      return !underway.closesCircle; // it has been asked, or is about to be
    }
    const pass = new CancelPass(task, message);
    task[CANCEL_PASS] = pass;
    reached.push(pass);
    if (reached.length > 1 && depth < DEEPEST) pass.#run();
    else waiting.push(pass);
    if (reached.length === 1) CancelPass.#runWaiting();
    return true;
  }

  #run(): void {
    innermost = this; // eslint-disable-line @typescript-eslint/no-this-alias -- until it is over
    depth++;
    try {
      this.#task.deliver(this.#message);
    } finally {
      depth--;
      innermost = this.#from;
    }
  }

  #comesFrom(pass: CancelPass): boolean {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- where the walk begins
    for (let at: CancelPass | null = this; at !== null; at = at.#from) if (at === pass) return true;
    return false;
  }

  /** Those that wait, and those that come of them. */
  static #runWaiting(): void {
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next.#run();
    } finally {
      for (const pass of reached) pass.#task[CANCEL_PASS] = null;
      reached = [];
      waiting = [];
      innermost = null;
    }
  }
}
