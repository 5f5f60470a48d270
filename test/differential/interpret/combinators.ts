import {
  ALL_COMPLETED,
  asCompleted,
  CancelledError,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type Future,
  SystemExit,
  wait,
} from '@ringloop/core';
import type { CombinatorAct, CombinatorWait } from '../grammar/combinators.js';
import type { Source } from '../grammar/program.js';
import { awaitIt } from './bodies.js';
import type { Acts, Waits } from './interpreters.js';
import { makeFuture, rankOf, REFUSED } from './sources.js';
import { showState } from './show.js';
import type { World } from './world.js';

const RETURN_WHEN = { all: ALL_COMPLETED, first: FIRST_COMPLETED, exception: FIRST_EXCEPTION } as const;

/** The twin of oracle/combinators.py. */
export const combinatorActs: Acts<CombinatorAct> = {
  keep(world, { slot, of }) {
    if (!world.loop.isRunning()) return 'no loop';
    const rank = rankOf(world, of);
    const future = makeFuture(world, of);
    world.setRank(future, Math.min(rank, world.takeRank()));
    world.slots.set(slot, future);
    return null;
  },
};

export const combinatorWaits: Waits<CombinatorWait> = {
  *waitForAll(world, { of, timeout, until }) {
    if (!mayAwaitAll(world, of)) return REFUSED;
    const futures = of.map((part) => makeFuture(world, part));
    const [done] = yield* awaitIt(
      world,
      wait(futures, { timeout: world.delay(timeout), returnWhen: RETURN_WHEN[until] }),
    );
    return futures.map((future) => (done.has(future) ? 'done' : 'pending')).join(' ');
  },
  *asCompleted(world, { of, timeout }, actor) {
    const futures = completable(world, of);
    if (futures === null) return REFUSED;
    for (const next of asCompleted(futures, { timeout: world.delay(timeout) })) {
      let value: unknown;
      try {
        value = yield* awaitIt(world, next);
      } catch (thrown) {
        if (thrown instanceof CancelledError || thrown instanceof SystemExit) throw thrown;
        value = thrown;
      }
      world.note(actor, 'next completed', value);
    }
    return null;
  },
  *eachCompleted(world, { of, timeout }, actor) {
    const futures = completable(world, of);
    if (futures === null) return REFUSED;
    const iterator = asCompleted(futures, { timeout: world.delay(timeout) })[Symbol.asyncIterator]();
    let next = yield* awaitIt(world, iterator.next());
    while (next.done !== true) {
      const future = next.value as Future<unknown>; // one of `futures`
      world.note(actor, 'next is', [futures.indexOf(future), showState(future)]);
      next = yield* awaitIt(world, iterator.next());
    }
    return null;
  },
};

function completable(world: World, sources: readonly Source[]): Future<unknown>[] | null {
  if (!mayAwaitAll(world, sources)) return null;
  const futures = sources.map((source) => makeFuture(world, source));
  // CPython takes those that are done already in the order of a set, that is in none: so one of them is enough.
  const done = futures.find((future) => future.done());
  return futures.filter((future) => !future.done() || future === done);
}

function mayAwaitAll(world: World, sources: readonly Source[]): boolean {
  const ranks = sources.map((source) => world.mayAwait(rankOf(world, source)));
  return ranks.every(Boolean);
}
