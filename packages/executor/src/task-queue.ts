import type { PiscinaTask, TaskQueue as PiscinasQueue } from 'piscina';

/**
 * Tasks that Piscina has got and no thread has taken yet, at most one for each thread. The youngest can be taken back.
 * This is needed when Piscina throws while it starts a thread for a task, because the task is in the queue by then. It
 * would run later although its submitter was told that it does not. And its promise, which nobody holds, would end the
 * process when the pool is destroyed.
 */
export class TaskQueue implements PiscinasQueue {
  readonly #tasks: PiscinaTask[] = [];
  #youngest: PiscinaTask | null = null;

  get size(): number {
    return this.#tasks.length;
  }

  push(task: PiscinaTask): void {
    this.#youngest = task;
    this.#tasks.push(task);
  }

  shift(): PiscinaTask | null {
    return this.#tasks.shift() ?? null;
  }

  remove(task: PiscinaTask): void {
    const at = this.#tasks.indexOf(task);
    if (at >= 0) this.#tasks.splice(at, 1);
  }

  /**
   * Removes the task that was queued last. Call it within the call that has queued the task. The task's promise is
   * never settled.
   */
  takeBackYoungest(): void {
    if (this.#youngest !== null) this.remove(this.#youngest);
    this.#youngest = null;
  }
}
