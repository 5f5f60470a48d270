import fc from 'fast-check';
import { type Choice, choice, value } from './choice.js';

export type QueueAct =
  | { readonly op: 'putNowait'; readonly value: number }
  | { readonly op: 'getNowait' | 'taskDone' | 'lookAtQueue' }
  | { readonly op: 'shutdown'; readonly immediate: boolean };

export type QueueWait = { readonly op: 'put'; readonly value: number } | { readonly op: 'get' | 'join' };

export function queueActs(): Choice<QueueAct>[] {
  return [
    choice('putNowait', 20, { value }),
    choice('getNowait', 12, {}),
    choice('taskDone', 15, {}),
    choice('shutdown', 5, { immediate: fc.boolean() }),
    choice('lookAtQueue', 8, {}),
  ];
}

export function queueWaits(): Choice<QueueWait>[] {
  return [choice('put', 30, { value }), choice('get', 30, {}), choice('join', 12, {})];
}
