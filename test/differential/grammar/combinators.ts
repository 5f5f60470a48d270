import fc from 'fast-check';
import { type Choice, choice, type Inner, limit, taskSlot } from './choice.js';
import type { Moment } from './moment.js';
import type { Source } from './program.js';

export interface CombinatorAct {
  readonly op: 'keep';
  readonly slot: string;
  readonly of: Source;
}

export type CombinatorWait =
  | {
      readonly op: 'waitForAll';
      readonly of: readonly Source[];
      readonly timeout: number | Moment | null;
      readonly until: 'all' | 'first' | 'exception';
    }
  | {
      readonly op: 'asCompleted' | 'eachCompleted';
      readonly of: readonly Source[];
      readonly timeout: number | Moment | null;
    };

export function combinatorActs({ source }: Inner): Choice<CombinatorAct>[] {
  return [choice('keep', 20, { slot: taskSlot, of: source })];
}

export function combinatorWaits({ sources }: Inner): Choice<CombinatorWait>[] {
  const until = fc.constantFrom('all', 'first', 'exception');
  return [
    choice('waitForAll', 40, { of: sources, timeout: limit, until }),
    choice('asCompleted', 20, { of: sources, timeout: limit }),
    choice('eachCompleted', 10, { of: sources, timeout: limit }),
  ];
}
