import fc from 'fast-check';
import { type Choice, choice, type Inner, limit } from './choice.js';
import type { Moment } from './moment.js';
import type { Source, Statement } from './program.js';

export type TimeoutAct =
  | { readonly op: 'reschedule'; readonly slot: string; readonly delay: number | Moment | null }
  | { readonly op: 'lookAtTimeout'; readonly slot: string };

export type TimeoutWait =
  | {
      readonly op: 'timeout';
      readonly slot: string;
      readonly delay: number | Moment | null;
      readonly body: readonly Statement[];
    }
  | {
      readonly op: 'timeoutAt';
      readonly slot: string;
      readonly when: number | Moment | null;
      readonly body: readonly Statement[];
    }
  | { readonly op: 'waitFor'; readonly of: Source; readonly timeout: number | Moment | null };

const slot = fc.constantFrom('m0', 'm1');

export function timeoutActs(): Choice<TimeoutAct>[] {
  return [choice('reschedule', 15, { slot, delay: limit }), choice('lookAtTimeout', 10, { slot })];
}

export function timeoutWaits({ source, statements }: Inner): Choice<TimeoutWait>[] {
  return [
    choice('timeout', 35, { slot, delay: limit, body: statements }),
    choice('timeoutAt', 10, { slot, when: limit, body: statements }),
    choice('waitFor', 40, { of: source, timeout: limit }),
  ];
}
