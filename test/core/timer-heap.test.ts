import { BaseEventLoop, VirtualHost } from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { coreFile } from './core-file.js';

const { TimerHeap } = (await coreFile(
  'timer-heap',
)) as typeof import('../../packages/core/dist/timer-heap.js');
type Heap = InstanceType<typeof TimerHeap<InstanceType<typeof TimerHandle>>>;

const loop = new BaseEventLoop({ host: new VirtualHost() });
type Timer = import('@ringloop/core').TimerHandle;
const nothing = (): void => undefined;
const { TimerHandle } = (await coreFile(
  'timer-handle',
)) as typeof import('../../packages/core/dist/timer-handle.js');

function schedule(heap: Heap, when: number): InstanceType<typeof TimerHandle> {
  const handle = new TimerHandle(when, nothing, [], loop, null, heap);
  heap.push(handle);
  return handle;
}

function popAll(heap: Heap, now: number): InstanceType<typeof TimerHandle>[] {
  const popped: InstanceType<typeof TimerHandle>[] = [];
  for (let due = heap.popDue(now); due !== null; due = heap.popDue(now)) popped.push(due);
  return popped;
}

type Step =
  { do: 'schedule'; when: number } | { do: 'cancel'; which: number } | { do: 'popDue'; now: number };

// Few distinct times, so that equal ones are common.
const time = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(-Infinity, Infinity, 2 ** 40));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('schedule' as const), when: time }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('popDue' as const), now: time }) },
);

describe('core/timer-heap', () => {
  it('TimerHeap gives what a sorted list gives, equal times in the order scheduled', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const heap = new TimerHeap<InstanceType<typeof TimerHandle>>();
        const all: Timer[] = [];
        let model: { when: number; handle: Timer }[] = []; // live ones, sorted; sort() is stable
        for (const each of steps) {
          if (each.do === 'schedule') {
            const handle = schedule(heap, each.when);
            all.push(handle);
            model = [...model, { when: each.when, handle }].sort((a, b) =>
              a.when === b.when ? 0 : a.when - b.when,
            );
          } else if (each.do === 'cancel' && all.length > 0) {
            const handle = all[each.which % all.length]!; // also handles that were cancelled or popped before
            handle.cancel();
            model = model.filter((other) => other.handle !== handle);
          } else if (each.do === 'popDue') {
            const due = heap.popDue(each.now);
            const expected =
              model[0] !== undefined && model[0].when <= each.now ? model.shift()!.handle : null;
            expect(due).to.equal(expected);
          }
          expect(heap.nextDeadline()).to.equal(model[0]?.when ?? Infinity);
        }
        expect(popAll(heap, Infinity)).to.deep.equal(model.map(({ handle }) => handle));
        expect(heap.size).to.equal(0);
      }),
      { numRuns: 150 },
    );
  });

  it('TimerHeap.popDue() gives a timer at its time and not before', () => {
    const heap = new TimerHeap<InstanceType<typeof TimerHandle>>();
    const handle = schedule(heap, 1);
    expect(heap.popDue(1 - Number.EPSILON)).to.equal(null);
    expect(heap.popDue(1)).to.equal(handle);
    expect(heap.popDue(1)).to.equal(null);
  });

  it('TimerHeap keeps cancelled timers while there are few', () => {
    const heap = new TimerHeap<InstanceType<typeof TimerHandle>>();
    const live = schedule(heap, 0);
    for (let i = 0; i < 99; i++) schedule(heap, 1).cancel();
    expect(heap.nextDeadline()).to.equal(0);
    expect(heap.size).to.equal(100);
    expect(popAll(heap, 2)).to.deep.equal([live]);
  });

  it('TimerHeap sweeps cancelled timers when they are more than half of more than 100', () => {
    const heap = new TimerHeap<InstanceType<typeof TimerHandle>>();
    const handles = Array.from({ length: 102 }, (_, i) => schedule(heap, i));
    for (const handle of handles.slice(51)) handle.cancel();
    heap.nextDeadline();
    expect(heap.size, 'half of them').to.equal(102);
    handles[50]!.cancel();
    heap.nextDeadline();
    expect(heap.size, 'more than half').to.equal(50);
    handles[60]!.cancel(); // swept: must not be counted again
    expect(popAll(heap, 200)).to.deep.equal(handles.slice(0, 50));
  });

  it('TimerHeap gives its memory back after a sweep, and keeps the order', () => {
    const heap = new TimerHeap<InstanceType<typeof TimerHandle>>();
    const handles = Array.from({ length: 5000 }, (_, i) => schedule(heap, 5000 - i));
    const live = handles.filter((_, i) => i % 100 === 0);
    for (const handle of handles) if (!live.includes(handle)) handle.cancel();
    expect([heap.nextDeadline(), heap.size]).to.deep.equal([100, 50]);
    const late = Array.from({ length: 200 }, (_, i) => schedule(heap, 6000 + i));
    expect(popAll(heap, Infinity)).to.deep.equal([...live.reverse(), ...late]);
  });

  it('TimerHeap keeps its memory after a sweep that leaves much', () => {
    const heap = new TimerHeap<InstanceType<typeof TimerHandle>>();
    const handles = Array.from({ length: 128 }, (_, i) => schedule(heap, i));
    for (const handle of handles.slice(0, 65)) handle.cancel();
    expect([heap.nextDeadline(), heap.size]).to.deep.equal([65, 63]);
    expect(popAll(heap, Infinity)).to.deep.equal(handles.slice(65));
  });

  it('TimerHeap.nextDeadline() skips cancelled timers', () => {
    const heap = new TimerHeap<InstanceType<typeof TimerHandle>>();
    const first = schedule(heap, 1);
    schedule(heap, 2);
    first.cancel();
    expect([heap.nextDeadline(), heap.size]).to.deep.equal([2, 1]);
  });

  it('TimerHeap.clear() forgets all timers, and cancelling one of them later changes nothing', () => {
    const heap = new TimerHeap<InstanceType<typeof TimerHandle>>();
    const old = schedule(heap, 1);
    heap.clear();
    const fresh = schedule(heap, 2);
    old.cancel();
    expect(heap.nextDeadline()).to.equal(2);
    expect(popAll(heap, 3)).to.deep.equal([fresh]);
  });
});
