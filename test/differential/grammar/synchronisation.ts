import fc from 'fast-check';
import { type Choice, choice, type Inner } from './choice.js';
import type { Statement } from './program.js';

export type SynchronisationAct =
  | { readonly op: 'release'; readonly slot: string }
  | { readonly op: 'locked'; readonly slot: string }
  | { readonly op: 'setEvent' | 'clearEvent' | 'bump' | 'notifyAll' | 'lookAtBarrier' }
  | { readonly op: 'notify'; readonly count: number };

export type SynchronisationWait =
  | { readonly op: 'with'; readonly slot: string; readonly body: readonly Statement[] }
  | { readonly op: 'acquire'; readonly slot: string }
  | { readonly op: 'waitEvent' | 'waitCondition' | 'waitBarrier' | 'resetBarrier' | 'abortBarrier' }
  | { readonly op: 'waitConditionFor'; readonly bumps: number };

type SynchronisationBlock = readonly (SynchronisationAct | SynchronisationWait)[];

const lock = fc.constantFrom('l0', 'l0', 'c0');
const semaphore = fc.constant('s0');

/** What one does with a condition; picked at random, these statements would mostly stand outside of its lock. */
const CONDITION_BLOCKS: SynchronisationBlock[] = [
  [{ op: 'waitCondition' }],
  [{ op: 'waitConditionFor', bumps: 2 }],
  [{ op: 'bump' }, { op: 'notify', count: 1 }],
  [{ op: 'bump' }, { op: 'notify', count: 2 }],
  [{ op: 'bump' }, { op: 'notifyAll' }],
];

export function synchronisationActs(): Choice<SynchronisationAct>[] {
  return [
    choice('release', 5, { slot: lock }),
    choice('release', 5, { slot: semaphore }, 'semaphore'),
    choice('locked', 5, { slot: lock }),
    choice('locked', 3, { slot: semaphore }, 'semaphore'),
    choice('setEvent', 15, {}),
    choice('clearEvent', 8, {}),
    choice('bump', 10, {}),
    choice('notify', 4, { count: fc.constantFrom(1, 2, 0) }),
    choice('notifyAll', 4, {}),
    choice('lookAtBarrier', 6, {}),
  ];
}

export function synchronisationWaits({ statements }: Inner): Choice<SynchronisationWait>[] {
  return [
    choice('with', 30, { slot: lock, body: statements }),
    choice('with', 20, { slot: semaphore, body: statements }, 'semaphore'),
    choice(
      'with',
      20,
      { slot: fc.constant('c0'), body: fc.constantFrom(...CONDITION_BLOCKS) },
      'waitCondition',
    ),
    choice('acquire', 15, { slot: lock }),
    choice('acquire', 15, { slot: semaphore }, 'semaphore'),
    choice('waitEvent', 20, {}),
    choice('waitCondition', 4, {}),
    choice('waitConditionFor', 4, { bumps: fc.constantFrom(1, 2, 3) }),
    choice('waitBarrier', 20, {}),
    choice('resetBarrier', 8, {}),
    choice('abortBarrier', 10, {}),
  ];
}
