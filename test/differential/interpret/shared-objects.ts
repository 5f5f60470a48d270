import {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  Semaphore,
} from '@ringloop/core';
import type { Objects } from '../grammar/program.js';

const QUEUES = { fifo: Queue, priority: PriorityQueue, lifo: LifoQueue };

/** The locks and queues of a program's world. */
export class SharedObjects {
  readonly lock = new Lock();
  readonly event = new Event();
  readonly condition = new Condition();
  readonly semaphore: Semaphore;
  readonly barrier: Barrier;
  readonly queue: Queue<number>;

  constructor({ bounded, permits, parties, queue, maxsize }: Objects) {
    this.semaphore = bounded ? new BoundedSemaphore(permits) : new Semaphore(permits);
    this.barrier = new Barrier(parties);
    this.queue = new QUEUES[queue]<number>(maxsize);
  }

  /** What `with`, `acquire` and `release` work on. */
  lockable(slot: string): Lock | Condition | Semaphore {
    if (slot === 'l0') return this.lock;
    return slot === 'c0' ? this.condition : this.semaphore;
  }
}
