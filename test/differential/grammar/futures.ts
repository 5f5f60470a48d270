import fc from 'fast-check';
import { anyone, anySlot, type Choice, choice, futureSlot, type Inner, message, value } from './choice.js';
import type { CallbackBody } from './program.js';

export type FutureAct =
  | { readonly op: 'setResult'; readonly slot: string; readonly value: number }
  | { readonly op: 'setException'; readonly slot: string; readonly message: string }
  | { readonly op: 'cancel'; readonly slot: string; readonly message: string | null }
  | { readonly op: 'renew'; readonly slot: string }
  | { readonly op: 'lookAt'; readonly slot: string }
  | { readonly op: 'addCallback'; readonly slot: string; readonly name: string; readonly body: CallbackBody }
  | { readonly op: 'removeCallback'; readonly slot: string; readonly name: string };

export function futureActs({ callback, cancelMessage }: Inner): Choice<FutureAct>[] {
  const name = fc.constantFrom('k0', 'k1');
  return [
    choice('setResult', 40, { slot: futureSlot, value }),
    choice('setResult', 2, { slot: anySlot, value }),
    choice('setException', 15, { slot: futureSlot, message }),
    choice('cancel', 60, { slot: anyone, message: cancelMessage }),
    choice('renew', 6, { slot: futureSlot }),
    choice('lookAt', 20, { slot: anyone }),
    choice('addCallback', 25, { slot: anySlot, name, body: callback }),
    choice('removeCallback', 8, { slot: anySlot, name }),
  ];
}
