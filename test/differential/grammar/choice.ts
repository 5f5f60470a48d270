import fc from 'fast-check';
import type { Feature } from '../features.js';
import type { Act, Body, CallbackBody, Source, Statement } from './program.js';

/** One kind of statement, and how often it is taken in comparison to the others. */
export interface Choice<S> {
  readonly feature: Feature;
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<S>;
}

/** What the statements of one level are made of: those one level deeper. */
export interface Inner {
  readonly acts: fc.Arbitrary<Act[]>;
  readonly statements: fc.Arbitrary<Statement[]>;
  readonly body: fc.Arbitrary<Body>;
  readonly callback: fc.Arbitrary<CallbackBody>;
  readonly source: fc.Arbitrary<Source>;
  readonly sources: fc.Arbitrary<Source[]>;
  /** Messages of cancel(), where the oracle carries them. */
  readonly cancelMessage: fc.Arbitrary<string | null>;
}

type Parts = Readonly<Record<string, fc.Arbitrary<unknown>>>;
type Made<P extends Parts> = { readonly [K in keyof P]: P[K] extends fc.Arbitrary<infer V> ? V : never };

/** The statement `op` with these parts. */
export function choice<Op extends string, P extends Parts>(
  op: Op & Feature,
  weight: number,
  parts: P,
  feature: Feature = op,
): Choice<{ readonly op: Op } & Made<P>> {
  const arbitrary = fc.record(parts).map((made) => ({ op, ...(made as Made<P>) })); // what record() makes
  return { feature, weight, arbitrary };
}

export const taskSlot = fc.constantFrom('t0', 't1', 't2', 't3');
export const futureSlot = fc.constantFrom('f0', 'f1', 'f2');
/** A future, which may be a task. */
export const anySlot = fc.constantFrom('f0', 't0', 't1', 'f1', 't2', 't3', 'f2');
/** Whom to cancel, or look at. */
export const anyone = fc.constantFrom('t0', 't1', 'self', 'f0', 't2', 't3', 'f1', 'f2');
export const value = fc.integer({ min: 0, max: 9 });
/** Multiples of a power of two, so that sums are exact; few, so that many fall due at the same time. */
export const delay = fc.constantFrom(1, 0, 0.5, 2, 0.25, 3, -1);
/** null: for ever. */
export const limit = fc.constantFrom(1, 0.5, 0, 2, 3, null, -1);
export const message = fc.constantFrom('x', 'y', 'z');
