import fc from 'fast-check';
import { type Choice, choice, type Inner, taskSlot } from './choice.js';
import type { Body, Statement } from './program.js';

export interface TaskGroupAct {
  readonly op: 'spawnIn';
  readonly group: string;
  readonly slot: string;
  readonly body: Body;
}

export interface TaskGroupWait {
  readonly op: 'group';
  readonly slot: string;
  readonly body: readonly Statement[];
}

const group = fc.constantFrom('g0', 'g1');

export function taskGroupActs({ body }: Inner): Choice<TaskGroupAct>[] {
  return [choice('spawnIn', 25, { group, slot: taskSlot, body })];
}

export function taskGroupWaits({ body, statements }: Inner): Choice<TaskGroupWait>[] {
  const children = fc.array(body, { maxLength: 3, size: 'max' });
  const arbitrary = fc.record({ slot: group, children, rest: statements }).map(({ slot, children, rest }) => {
    const spawns = children.map((child, n) => ({
      op: 'spawnIn' as const,
      group: slot,
      slot: `t${n}`,
      body: child,
    }));
    return { op: 'group' as const, slot, body: [...spawns, ...rest] };
  });
  return [{ feature: 'group', weight: 40, arbitrary }];
}
