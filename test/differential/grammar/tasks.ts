import fc from 'fast-check';
import { anyone, type Choice, choice, delay, type Inner, taskSlot, value } from './choice.js';
import type { Moment } from './moment.js';
import type { Body, Source, Statement } from './program.js';

export type TaskAct =
  | { readonly op: 'spawn'; readonly slot: string; readonly body: Body }
  | { readonly op: 'spawnEager'; readonly slot: string; readonly body: Body }
  | { readonly op: 'uncancel' | 'cancelling'; readonly slot: string };

export type TaskWait =
  | { readonly op: 'await'; readonly of: Source }
  | { readonly op: 'sleep'; readonly delay: number | Moment; readonly value: number }
  | { readonly op: 'bareYield' }
  | Try;

export interface Try {
  readonly op: 'try';
  readonly body: readonly Statement[];
  readonly catches: 'cancelled' | 'error' | 'any';
  readonly handler: readonly Statement[];
  readonly rethrows: boolean;
  readonly cleanup: readonly Statement[];
}

export function taskActs({ body }: Inner): Choice<TaskAct>[] {
  return [
    choice('spawn', 70, { slot: taskSlot, body }),
    choice('spawnEager', 15, { slot: taskSlot, body }),
    choice('uncancel', 10, { slot: anyone }),
    choice('cancelling', 10, { slot: anyone }),
  ];
}

export function taskWaits({ source, statements }: Inner): Choice<TaskWait>[] {
  return [
    choice('await', 90, { of: source }),
    choice('sleep', 60, { delay, value }),
    choice('bareYield', 10, {}),
    choice('try', 40, {
      body: statements,
      catches: fc.constantFrom('any', 'cancelled', 'error'),
      handler: statements,
      rethrows: fc.boolean(),
      cleanup: statements,
    }),
  ];
}
