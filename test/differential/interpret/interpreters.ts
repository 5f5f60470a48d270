import type { Act, Wait } from '../grammar/program.js';
import type { Steps, World } from './world.js';

/** What does the statements of one family, by name. */
export type Acts<S extends { op: string }> = {
  readonly [Op in S['op']]: (world: World, statement: Extract<S, { op: Op }>, actor: string) => unknown;
};

/** What waits, or contains what does. */
export type Waits<S extends { op: string }> = {
  readonly [Op in S['op']]: (
    world: World,
    statement: Extract<S, { op: Op }>,
    actor: string,
  ) => Steps<unknown>;
};

export interface Interpreters {
  readonly acts: Acts<Exclude<Act, { op: 'raise' }>>;
  readonly waits: Waits<Wait>;
}
