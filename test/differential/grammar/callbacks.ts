import fc from 'fast-check';
import { type Choice, choice, delay, type Inner, message } from './choice.js';
import type { Moment } from './moment.js';
import type { CallbackBody } from './program.js';

export type CallbackAct =
  | { readonly op: 'callSoon'; readonly slot: string; readonly body: CallbackBody }
  | {
      readonly op: 'callLater';
      readonly slot: string;
      readonly delay: number | Moment;
      readonly body: CallbackBody;
    }
  | {
      readonly op: 'callAt';
      readonly slot: string;
      readonly when: number | Moment;
      readonly body: CallbackBody;
    }
  | { readonly op: 'cancelHandle'; readonly slot: string }
  | { readonly op: 'stop' }
  | { readonly op: 'report'; readonly message: string }
  | Raise;

export interface Raise {
  readonly op: 'raise';
  readonly kind: 'boom' | 'cancelled' | 'exit';
  readonly message: string;
}

export function callbackActs({ callback }: Inner): Choice<CallbackAct>[] {
  const slot = fc.constantFrom('h0', 'h1');
  const raise = (kind: Raise['kind']) => ({ kind: fc.constant(kind), message });
  return [
    choice('callSoon', 40, { slot, body: callback }),
    choice('callLater', 40, { slot, delay, body: callback }),
    choice('callAt', 15, { slot, when: fc.constantFrom(0, 1, 2, 0.5, 4), body: callback }),
    choice('cancelHandle', 30, { slot }),
    choice('stop', 4, {}),
    choice('report', 4, { message }),
    choice('raise', 12, raise('boom')),
    choice('raise', 4, raise('cancelled'), 'raiseCancelled'),
    choice('raise', 2, raise('exit'), 'raiseExit'),
  ];
}
