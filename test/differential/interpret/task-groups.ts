import { TaskGroup } from '@ringloop/core';
import type { TaskGroupAct, TaskGroupWait } from '../grammar/task-groups.js';
import { awaitIt, block, coroutine } from './bodies.js';
import type { Acts, Waits } from './interpreters.js';

/** The twin of oracle/task_groups.py. */
export const taskGroupActs: Acts<TaskGroupAct> = {
  spawnIn(world, { group, slot, body }) {
    const found = world.slots.get(group);
    if (!(found instanceof TaskGroup)) return 'nobody';
    const task = found.createTask(coroutine(world, body));
    world.rank(task);
    world.slots.set(slot, task);
    return null;
  },
};

export const taskGroupWaits: Waits<TaskGroupWait> = {
  *group(world, { slot, body }, actor) {
    const group = new TaskGroup();
    world.slots.set(slot, group);
    yield* awaitIt(world, group.run(block(world, body, actor)));
  },
};
