import { CANCEL_PASS } from './loop-internals.js';
import type { Task } from './task.js';

/**
 * How many tasks are cancelled recursively, as in CPython, before the rest has to wait. Far from any stack overflow.
 */
const DEEPEST = 100;

/** All passes of the outermost cancel() in progress, and those of them that wait until the stack is unwound. */
let reached: CancelPass[] = [];
let waiting: CancelPass[] = [];
let innermost: CancelPass | null = null;
let depth = 0;

/**
 * The visit of one cancel() to one task. A cancelled task cancels what it waits for, so cancel() follows chains of
 * waiting tasks. They can have any length, and can be circles if the program has a bug. So each task is visited only
 * once. A task in a circle learns that it is in one. And the recursion has a limit.
 */
export class CancelPass {
  readonly #task: Task<unknown>;
  readonly #message: string | undefined;
  /** The pass of the task that waits for this one. */
  readonly #from: CancelPass | null;
  /** Whether a task that this one waits for has just tried to cancel it. */
  closesCircle = false;

  private constructor(task: Task<unknown>, message: string | undefined) {
    this.#task = task;
    this.#message = message;
    this.#from = innermost;
  }

  /** Cancels `task` and what it waits for. Returns false if that leads back to `task`. */
  static through(task: Task<unknown>, message: string | undefined): boolean {
    const underway = task[CANCEL_PASS];
    if (underway !== null) {
      underway.closesCircle = innermost !== null && innermost.#comesFrom(underway);
      return !underway.closesCircle; // it is being cancelled, or is about to be
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

  /** Runs the waiting passes, and those that they add. */
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
