import type { QueueAct, QueueWait } from '../grammar/queues.js';
import { awaitIt } from './bodies.js';
import type { Acts, Waits } from './interpreters.js';

/** The twin of oracle/queues.py. */
export const queueActs: Acts<QueueAct> = {
  putNowait(world, { value }) {
    world.shared.queue.putNowait(value);
  },
  getNowait(world) {
    return world.shared.queue.getNowait();
  },
  taskDone(world) {
    world.shared.queue.taskDone();
  },
  shutdown(world, { immediate }) {
    world.shared.queue.shutdown({ immediate });
  },
  lookAtQueue({ shared: { queue } }) {
    return [queue.qsize(), queue.empty(), queue.full()];
  },
};

export const queueWaits: Waits<QueueWait> = {
  *put(world, { value }) {
    yield* awaitIt(world, world.shared.queue.put(value));
  },
  *get(world) {
    return yield* awaitIt(world, world.shared.queue.get());
  },
  *join(world) {
    yield* awaitIt(world, world.shared.queue.join());
  },
};
