import { expect } from 'chai';
import fc from 'fast-check';
import { coreFile } from '../core-file.js';
import { jumpingLoop } from '../virtual-loop.js';

const { WaiterQueue } = (await coreFile(
  'sync/waiter-queue',
)) as typeof import('../../../packages/core/dist/sync/waiter-queue.js');
type Queue = InstanceType<typeof WaiterQueue>;
type Waiter = ReturnType<Queue['add']>;

/** What the queue is a faster version of: CPython's deque of futures. */
class Deque {
  readonly waiters: Waiter[] = [];

  remove(waiter: Waiter): void {
    const at = this.waiters.indexOf(waiter);
    if (at >= 0) this.waiters.splice(at, 1);
  }

  next(): Waiter | null {
    return this.waiters.find((waiter) => !waiter.done()) ?? null;
  }
}

describe('core/waiter-queue', () => {
  const loop = jumpingLoop();
  let queue: Queue;
  let a: Waiter;
  let b: Waiter;
  let c: Waiter;

  beforeEach(() => {
    queue = new WaiterQueue();
    a = queue.add(loop);
    b = queue.add(loop);
    c = queue.add(loop);
  });

  it('WaiterQueue.wakeNext() wakes one after the other, and those who come later as well', () => {
    expect([queue.wakeNext(), queue.wakeNext(), queue.wakeNext(), queue.wakeNext()]).to.deep.equal([
      a,
      b,
      c,
      null,
    ]);
    const d = queue.add(loop);
    expect([queue.wakeNext(), a.result(), d.result()]).to.deep.equal([d, true, true]);
  });

  it('WaiterQueue.wakeNext() passes by who was cancelled', () => {
    a.cancel();
    b.cancel();
    expect([queue.wakeNext(), queue.wakeNext()]).to.deep.equal([c, null]);
  });

  it('WaiterQueue.wakeFirst() does nothing where the first is done but has not left', () => {
    queue.wakeFirst();
    queue.wakeFirst();
    expect([a.done(), b.done()]).to.deep.equal([true, false]);
    queue.remove(a);
    b.cancel();
    queue.wakeFirst();
    expect(c.done()).to.equal(false);
    queue.remove(b);
    queue.wakeFirst();
    expect(c.result()).to.equal(true);
    queue.remove(c);
    queue.wakeFirst();
    expect(queue.size).to.equal(0);
  });

  it('WaiterQueue.inUse is false where all who have not left were cancelled', () => {
    expect([queue.inUse, queue.size, queue.cancelled]).to.deep.equal([true, 3, 0]);
    for (const waiter of [b, a, c]) waiter.cancel();
    expect([queue.inUse, queue.size, queue.cancelled]).to.deep.equal([false, 3, 3]);
    queue.remove(b);
    queue.remove(b); // has left
    expect([queue.inUse, queue.size, queue.cancelled]).to.deep.equal([false, 2, 2]);
  });

  it('WaiterQueue takes constant time, however many wait', () => {
    const many = Array.from({ length: 100_000 }, () => queue.add(loop)); // a list would take minutes to …
    many.forEach((waiter, at) => at % 2 === 0 && waiter.cancel());
    const woken = [a, b, c, ...many].filter((waiter) => !waiter.cancelled());
    for (const waiter of woken) expect(queue.wakeNext() === waiter).to.equal(true); // … find each who is not done
    for (const waiter of [...many.reverse(), a, b, c]) queue.remove(waiter); // … or to take it out
    expect([queue.size, queue.cancelled]).to.deep.equal([0, 0]);
  }).slow(2000);

  it('WaiterQueue does what a list of all waiters does, step for step', () => {
    const step = fc.oneof(
      fc.constant({ do: 'add' } as const),
      fc.constant({ do: 'wakeNext' } as const),
      fc.constant({ do: 'wakeFirst' } as const),
      fc.record({ do: fc.constantFrom('cancel' as const, 'leave' as const), at: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        queue = new WaiterQueue();
        const model = new Deque();
        for (const each of steps) {
          switch (each.do) {
            case 'add':
              model.waiters.push(queue.add(loop));
              break;
            case 'wakeNext': {
              const expected = model.next();
              expect(queue.wakeNext()).to.equal(expected);
              break;
            }
            case 'wakeFirst': {
              const [first] = model.waiters;
              const wasDone = model.waiters.map((waiter) => waiter.done());
              queue.wakeFirst();
              if (first !== undefined) wasDone[0] = true;
              expect(model.waiters.map((waiter) => waiter.done())).to.deep.equal(wasDone);
              break;
            }
            case 'cancel':
              model.waiters[each.at]?.cancel();
              break;
            case 'leave': {
              const done = model.waiters.filter((waiter) => waiter.done());
              const leaving = done[each.at % (done.length || 1)];
              if (leaving === undefined) break;
              queue.remove(leaving);
              model.remove(leaving);
            }
          }
          const cancelled = model.waiters.filter((waiter) => waiter.cancelled()).length;
          expect([queue.size, queue.cancelled]).to.deep.equal([model.waiters.length, cancelled]);
        }
      }),
    );
  });
});
