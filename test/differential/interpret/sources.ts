import { type Coroutine, ensureFuture, Future, gather, shield } from '@ringloop/core';
import type { Source } from '../grammar/program.js';
import { awaitCoroutine, awaitIt, coroutine } from './bodies.js';
import type { Steps, World } from './world.js';

/** What the statement comes to that would close a circle, see World.mayAwait(). */
export const REFUSED = 'refused';

/** What stands for the source in a call. The twin of oracle/sources.py. */
export function makeSource(world: World, source: Source): Future<unknown> | Coroutine<unknown> {
  switch (source.from) {
    case 'slot':
      return world.future(source.slot);
    case 'coroutine':
      return coroutine(world, source.body);
    case 'gather':
      return gather(
        source.of.map((part) => makeSource(world, part)),
        { returnExceptions: source.returnExceptions },
      );
    case 'shield':
      return shield(makeSource(world, source.of));
  }
}

export function makeFuture(world: World, source: Source): Future<unknown> {
  return ensureFuture(makeSource(world, source), { loop: world.loop });
}

export function* awaitSource(world: World, source: Source): Steps<unknown> {
  if (source.from === 'coroutine') return yield* awaitCoroutine(world, source.body);
  const made = makeSource(world, source);
  if (!(made instanceof Future)) throw new Error('Only coroutines are no futures');
  return yield* awaitIt(world, made);
}

/** The lowest rank of the tasks in it, see World.mayAwait(). */
export function rankOf(world: World, source: Source): number {
  switch (source.from) {
    case 'slot': {
      // Plain futures wait for nobody, so no circle goes through them.
      const future = world.future(source.slot);
      return source.slot.startsWith('f') ? Infinity : world.rank(future);
    }
    case 'coroutine':
      return world.takeRank();
    case 'gather':
      return Math.min(...source.of.map((part) => rankOf(world, part)));
    case 'shield':
      return rankOf(world, source.of);
  }
}
