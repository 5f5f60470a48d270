import type { SynchronisationAct, SynchronisationWait } from '../grammar/synchronisation.js';
import { awaitIt, block } from './bodies.js';
import type { Acts, Waits } from './interpreters.js';

/** The twin of oracle/synchronisation.py. */
export const synchronisationActs: Acts<SynchronisationAct> = {
  release(world, { slot }) {
    world.shared.lockable(slot).release();
  },
  locked(world, { slot }) {
    return world.shared.lockable(slot).locked();
  },
  setEvent(world) {
    world.shared.event.set();
  },
  clearEvent(world) {
    world.shared.event.clear();
  },
  bump(world) {
    return ++world.bumps;
  },
  notify(world, { count }) {
    world.shared.condition.notify(count);
  },
  notifyAll(world) {
    world.shared.condition.notifyAll();
  },
  lookAtBarrier({ shared: { barrier } }) {
    return [barrier.nWaiting, barrier.broken];
  },
};

export const synchronisationWaits: Waits<SynchronisationWait> = {
  *with(world, { slot, body }, actor) {
    yield* awaitIt(world, world.shared.lockable(slot).run(block(world, body, actor)));
  },
  *acquire(world, { slot }) {
    return yield* awaitIt(world, world.shared.lockable(slot).acquire());
  },
  *waitEvent(world) {
    return yield* awaitIt(world, world.shared.event.wait());
  },
  *waitCondition(world) {
    return yield* awaitIt(world, world.shared.condition.wait());
  },
  *waitConditionFor(world, { bumps }) {
    return yield* awaitIt(
      world,
      world.shared.condition.waitFor(() => world.bumps >= bumps),
    );
  },
  *waitBarrier(world) {
    return yield* awaitIt(world, world.shared.barrier.wait());
  },
  *resetBarrier(world) {
    yield* awaitIt(world, world.shared.barrier.reset());
  },
  *abortBarrier(world) {
    yield* awaitIt(world, world.shared.barrier.abort());
  },
};
