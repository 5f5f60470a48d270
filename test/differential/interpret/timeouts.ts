import { Timeout, timeout, timeoutAt, waitFor } from '@ringloop/core';
import type { Statement } from '../grammar/program.js';
import type { TimeoutAct, TimeoutWait } from '../grammar/timeouts.js';
import { awaitIt, block, coroutine } from './bodies.js';
import type { Acts, Waits } from './interpreters.js';
import { makeSource, rankOf, REFUSED } from './sources.js';
import type { Steps, World } from './world.js';

/** The twin of oracle/timeouts.py. */
export const timeoutActs: Acts<TimeoutAct> = {
  reschedule(world, { slot, delay }) {
    const found = world.slots.get(slot);
    if (!(found instanceof Timeout)) return 'nobody';
    const later = world.delay(delay);
    found.reschedule(later === null ? null : world.loop.time() + later);
    return null;
  },
  lookAtTimeout(world, { slot }) {
    const found = world.slots.get(slot);
    return found instanceof Timeout ? [found.when(), found.expired()] : 'nobody';
  },
};

export const timeoutWaits: Waits<TimeoutWait> = {
  timeout: (world, { slot, delay, body }, actor) =>
    runBlock(world, slot, timeout(world.delay(delay)), body, actor),
  timeoutAt: (world, { slot, when, body }, actor) =>
    runBlock(world, slot, timeoutAt(world.when(when)), body, actor),
  *waitFor(world, { of, timeout: limit }) {
    if (!world.mayAwait(rankOf(world, of))) return REFUSED;
    // waitFor() runs a coroutine within this task, so it has to be of the same kind.
    const awaitable =
      of.from === 'coroutine' ? coroutine(world, of.body, world.isAsync()) : makeSource(world, of);
    return yield* awaitIt(world, waitFor(awaitable, world.delay(limit)));
  },
};

function* runBlock(
  world: World,
  slot: string,
  limit: Timeout,
  body: readonly Statement[],
  actor: string,
): Steps<string> {
  world.slots.set(slot, limit);
  yield* awaitIt(world, limit.run(block(world, body, actor)));
  return 'in time';
}
