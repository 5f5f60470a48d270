import { type BlockBody, type Coroutine, type CoroutineGenerator, ExceptionGroup } from '@ringloop/core';
import { KINDS } from './coroutine-kinds.js';

/** For cases that both kinds of coroutines must pass: coroutines and the bodies of blocks are written once, as generators. */
export interface BothKinds {
  readonly kind: string;
  readonly coroutine: <T>(steps: () => CoroutineGenerator<T>) => Coroutine<T>;
  /** What `run()` of a timeout or task group takes. */
  readonly block: <T>(steps: () => CoroutineGenerator<T>) => BlockBody<unknown, T>;
}

export const BOTH_KINDS: readonly BothKinds[] = KINDS.map(({ kind, coroutine }) => ({
  kind,
  coroutine,
  block: (steps) => coroutine(steps) as BlockBody<unknown, never>, // of either kind, it is a function
}));

export function* nothing(): CoroutineGenerator<void> {
  // a coroutine need not do anything
}

/** What was thrown, as the group that it must be. */
export function groupOf(thrown: unknown): ExceptionGroup {
  if (thrown instanceof ExceptionGroup) return thrown;
  throw new Error('No ExceptionGroup was thrown', { cause: thrown });
}
