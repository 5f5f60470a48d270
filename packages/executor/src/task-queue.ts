import type { PiscinaTask, TaskQueue as PiscinasQueue } from 'piscina';

/**
 * Tasks that Piscina has been given and no thread has yet, at most one for each thread. The youngest can be taken back: where Piscina
 * throws while it starts a thread for a task, it has queued it already. It would run later, though whoever gave it was told that it
 * does not; and its promise, which nobody has, would end the process when the pool is destroyed.
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

  /** Within the call that has queued it. Its promise is never settled. */
  takeBackYoungest(): void {
    if (this.#youngest !== null) this.remove(this.#youngest);
    this.#youngest = null;
  }
}
