import type { Job } from './job.js';

/** The fewest empty slots to drop: for fewer, moving the jobs costs more than the memory is worth. Arbitrary. */
const FEWEST_TO_DROP = 64;

/** Jobs that wait for a thread, first in first out. A cancelled job stays in its place and is skipped. */
export class JobQueue {
  #jobs: (Job | undefined)[] = [];
  #head = 0;
  #waiting = 0;

  /** Jobs that wait and are not cancelled. */
  get length(): number {
    return this.#waiting;
  }

  push(job: Job): void {
    this.#jobs.push(job);
    this.#waiting++;
  }

  /** Call it when one of the waiting jobs was cancelled. */
  cancelled(): void {
    this.#waiting--;
  }

  shift(): Job | null {
    while (this.#head < this.#jobs.length) {
      const job = this.#jobs[this.#head];
      this.#jobs[this.#head++] = undefined;
      this.#dropTaken();
      if (job?.queued === true) {
        this.#waiting--;
        return job;
      }
    }
    return null;
  }

  cancelAll(): void {
    const jobs = this.#jobs.slice(this.#head);
    this.#jobs = [];
    this.#head = 0;
    for (const job of jobs) job?.cancel();
  }

  /** Drops the empty slots once they are half of the array: so each job is moved at most once for every job taken. */
  #dropTaken(): void {
    if (this.#head < FEWEST_TO_DROP || this.#head * 2 < this.#jobs.length) return;
    this.#jobs.splice(0, this.#head);
    this.#head = 0;
  }
}
