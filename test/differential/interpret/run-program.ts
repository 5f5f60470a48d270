import { allTasks, eagerTaskFactory } from '@ringloop/core';
import { MOMENTS } from '../grammar/moment.js';
import type { Program, Run } from '../grammar/program.js';
import { coroutine, performAct } from './bodies.js';
import { callbackActs } from './callbacks.js';
import { combinatorActs, combinatorWaits } from './combinators.js';
import { futureActs } from './futures.js';
import type { Interpreters } from './interpreters.js';
import { queueActs, queueWaits } from './queues.js';
import { synchronisationActs, synchronisationWaits } from './synchronisation.js';
import { taskGroupActs, taskGroupWaits } from './task-groups.js';
import { taskActs, taskWaits } from './tasks.js';
import { timeoutActs, timeoutWaits } from './timeouts.js';
import { CountingLoop, type Event, type Flavour, World } from './world.js';

const INTERPRETERS: Interpreters = {
  acts: {
    ...callbackActs,
    ...futureActs,
    ...taskActs,
    ...combinatorActs,
    ...timeoutActs,
    ...synchronisationActs,
    ...queueActs,
    ...taskGroupActs,
  },
  waits: {
    ...taskWaits,
    ...combinatorWaits,
    ...timeoutWaits,
    ...synchronisationWaits,
    ...queueWaits,
    ...taskGroupWaits,
  },
};

const GUARD = 100; // seconds; arbitrary, no run takes longer. The twin is in oracle/main.py
const LATE = 2 - 1 / (2 * MOMENTS); // later than all moments
const ROUNDS_OF_CANCELLING = 4; // arbitrary: some tasks catch the first and wait for something else

/** Runs `program` on a loop of its own. The twin of oracle/main.py. */
export async function runProgram(
  program: Program,
  flavour: Flavour,
  loop = new CountingLoop(),
): Promise<Event[]> {
  const world = new World(loop, program.objects, flavour, INTERPRETERS);
  if (program.eager) world.loop.setTaskFactory(eagerTaskFactory);
  for (const run of program.runs) await runPart(world, run);
  await cancelWhatIsLeft(world, program.farewell);
  world.finished = true;
  world.loop.close();
  return world.trace;
}

async function runPart(world: World, { before, main }: Run): Promise<void> {
  const { loop } = world;
  try {
    for (const act of before) performAct(world, act, 'outside');
  } catch (thrown) {
    world.note('outside', 'throws', thrown);
  }
  const guard = loop.callLater(GUARD, () => {
    world.note('guard', 'stops', null);
    loop.stop();
  });
  let outcome: unknown;
  try {
    outcome = await (main === null ? loop.runForever() : loop.runUntilComplete(coroutine(world, main)));
  } catch (thrown) {
    outcome = thrown;
  }
  guard.cancel();
  world.note('run', 'ends', outcome);
}

async function cancelWhatIsLeft(world: World, { message, apart }: Program['farewell']): Promise<void> {
  const { loop } = world;
  for (let round = 0; round < ROUNDS_OF_CANCELLING; round++) {
    const left = allTasks(loop); // in the order they were created
    world.note('run', 'cancels', left.size);
    if (left.size === 0) return;
    [...left].forEach((task, number) => {
      const cancel = (): void => void task.cancel(message ?? undefined);
      if (apart) loop.callAt(Math.floor(loop.time()) + number + LATE, cancel);
      else cancel();
    });
    loop.callLater(GUARD, loop.stop);
    try {
      await loop.runForever();
    } catch (thrown) {
      world.note('run', 'ends', thrown);
    }
  }
}
