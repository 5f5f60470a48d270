import type { CallbackAct } from './callbacks.js';
import type { CombinatorAct, CombinatorWait } from './combinators.js';
import type { FutureAct } from './futures.js';
import type { QueueAct, QueueWait } from './queues.js';
import type { SynchronisationAct, SynchronisationWait } from './synchronisation.js';
import type { TaskGroupAct, TaskGroupWait } from './task-groups.js';
import type { TaskAct, TaskWait } from './tasks.js';
import type { TimeoutAct, TimeoutWait } from './timeouts.js';

/**
 * A program that both CPython and ringloop can run, as JSON. It is a tree without loops, and so it ends: bodies of callbacks
 * and coroutines stand where they are scheduled. They share a world of named objects:
 *
 *   f0 f1 f2        futures                          t0 … t3   tasks, and gather() and shield() kept by `keep`
 *   h0 h1           handles                          m0 m1     timeouts        g0 g1   task groups
 *   l0 e0 c0 s0 b0  lock, event, condition, semaphore, barrier                 q0      queue
 *   k0 k1           callbacks of futures, so that they can be removed
 */
export interface Program {
  /** How the objects of this program's world are made. */
  readonly objects: Objects;
  /** Whether the loop has the eager task factory. */
  readonly eager: boolean;
  readonly runs: readonly Run[];
  /** How tasks are cancelled that are left over in the end: with which message, and whether at a time of its own each. */
  readonly farewell: { readonly message: string | null; readonly apart: boolean };
}

export interface Objects {
  readonly permits: number;
  readonly bounded: boolean;
  readonly parties: number;
  readonly queue: 'fifo' | 'priority' | 'lifo';
  readonly maxsize: number;
}

/** One run of the loop: until `main` is done, or else until something stops it. */
export interface Run {
  readonly before: readonly Act[];
  readonly main: Body | null;
}

/** What a coroutine does and returns. */
export interface Body {
  readonly id: string;
  readonly does: readonly Statement[];
  readonly returns: number;
}

/** What a callback does. */
export interface CallbackBody {
  readonly id: string;
  readonly does: readonly Act[];
}

/** Is done at once. What it throws is noted, and swallowed. */
export type Act =
  | CallbackAct
  | FutureAct
  | TaskAct
  | CombinatorAct
  | TimeoutAct
  | SynchronisationAct
  | QueueAct
  | TaskGroupAct;

/** Only in coroutines: takes time, or contains what does. What it throws is noted, and thrown. */
export type Wait = TaskWait | CombinatorWait | TimeoutWait | SynchronisationWait | QueueWait | TaskGroupWait;

export type Statement = Act | Wait;

/** What can be awaited. */
export type Source =
  | { readonly from: 'slot'; readonly slot: string }
  | { readonly from: 'coroutine'; readonly body: Body }
  | { readonly from: 'gather'; readonly of: readonly Source[]; readonly returnExceptions: boolean }
  | { readonly from: 'shield'; readonly of: Source };

/** Names all bodies, in the order of the text: `c` and `k` for coroutines and callbacks. */
export function label(program: Program): Program {
  let count = 0;
  return visit(program) as Program; // it keeps the shape

  function visit(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const id = 'does' in value ? { id: `${'returns' in value ? 'c' : 'k'}${++count}` } : {};
    const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [key, visit(inner)]);
    return { ...Object.fromEntries(entries), ...id };
  }
}
