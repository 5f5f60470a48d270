import type { Job } from './job.js';

/** Below this, moving the jobs down costs more than the room they leave. Arbitrary. */
const FEWEST_TO_DROP = 64;

/** Jobs that wait for a thread, first in first out. One that is cancelled stays in its place and is passed over. */
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

  /** One of the jobs that wait was cancelled: each tells its queue. */
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

  /** Each job is moved at most once for every one taken: half of the array must be empty. */
  #dropTaken(): void {
    if (this.#head < FEWEST_TO_DROP || this.#head * 2 < this.#jobs.length) return;
    this.#jobs.splice(0, this.#head);
    this.#head = 0;
  }
}
