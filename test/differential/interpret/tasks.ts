import { CancelledError, sleep, SystemExit, Task } from '@ringloop/core';
import type { TaskAct, TaskWait, Try } from '../grammar/tasks.js';
import { awaitIt, coroutine, perform } from './bodies.js';
import type { Acts, Waits } from './interpreters.js';
import { awaitSource, rankOf, REFUSED } from './sources.js';

/** The twin of oracle/tasks.py. */
export const taskActs: Acts<TaskAct> = {
  spawn(world, { slot, body }) {
    const task = world.loop.createTask(coroutine(world, body));
    world.rank(task);
    world.slots.set(slot, task);
  },
  spawnEager(world, { slot, body }) {
    const task = new Task(coroutine(world, body), world.loop, { eagerStart: true });
    world.rank(task);
    world.slots.set(slot, task);
  },
  uncancel(world, { slot }) {
    const task = world.someone(slot);
    return task instanceof Task ? task.uncancel() : 'nobody';
  },
  cancelling(world, { slot }) {
    const task = world.someone(slot);
    return task instanceof Task ? task.cancelling() : 'nobody';
  },
};

export const taskWaits: Waits<TaskWait> = {
  *await(world, { of }) {
    if (!world.mayAwait(rankOf(world, of))) return REFUSED;
    return yield* awaitSource(world, of);
  },
  *sleep(world, { delay, value }) {
    return yield* awaitIt(world, sleep(world.delay(delay), value));
  },
  *bareYield(world) {
    if (world.isAsync()) yield sleep(0);
    else yield;
  },
  *try(world, { body, catches, handler, rethrows, cleanup }, actor) {
    try {
      yield* perform(world, body, actor);
    } catch (thrown) {
      if (!isCaught(thrown, catches)) throw thrown;
      yield* perform(world, handler, actor);
      if (rethrows) throw thrown;
    } finally {
      yield* perform(world, cleanup, actor);
    }
  },
};

function isCaught(thrown: unknown, catches: Try['catches']): boolean {
  if (thrown instanceof SystemExit) return false;
  return catches === 'any' || (catches === 'cancelled') === thrown instanceof CancelledError;
}
