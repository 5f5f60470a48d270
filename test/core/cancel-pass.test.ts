import {
  type BaseEventLoop,
  CancelledError,
  type CoroutineGenerator,
  sleep,
  type Task,
} from '@ringloop/core';
import { expect } from 'chai';
import { jumpingLoop } from './virtual-loop.js';

describe('core/cancel-pass', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop();
  });

  /** Lets them begin to wait, cancels the last, and waits for all. */
  async function cancelLast(tasks: readonly Task<unknown>[], message?: string): Promise<void> {
    await loop.runUntilComplete(() => sleep(0));
    for (let i = 0; i < tasks.length + 5; i++) await loop.runUntilComplete(() => sleep(0));
    tasks.at(-1)?.cancel(message);
    await loop.runUntilComplete(() => Promise.allSettled(tasks));
  }

  for (const kind of ['async functions', 'generators']) {
    const waitFor = (awaited: () => Task<unknown> | null): Task<unknown> =>
      kind === 'generators'
        ? loop.createTask(function* (): CoroutineGenerator<void> {
            yield* awaited() ?? sleep(9);
          })
        : loop.createTask(async () => {
            await (awaited() ?? sleep(9));
          });

    it(`Task.cancel() reaches the end of a chain of 1,000 tasks, ${kind}`, async () => {
      const chain: Task<unknown>[] = [];
      for (let i = 0; i < 1000; i++) {
        const previous = chain.at(-1) ?? null;
        chain.push(waitFor(() => previous));
      }
      await cancelLast(chain, 'all of you');
      expect(chain.every((task) => task.cancelled() && task.cancelling() === 1)).to.equal(true);
    });

    it(`Task.cancel() ends a circle of tasks, ${kind}`, async () => {
      for (const size of [2, 3, 250]) {
        const circle: Task<unknown>[] = [];
        for (let i = 0; i < size; i++) circle.push(waitFor(() => circle[(i + 1) % size]!));
        await cancelLast(circle);
        expect(circle.map((task) => task.cancelled())).to.deep.equal(Array(size).fill(true));
      }
    });
  }

  it('Task.cancel() throws once in a task that it reaches by two ways, and counts both requests', async () => {
    const shared = loop.createTask(async () => sleep(9));
    const ways = [0, 1].map(() => loop.createTask(async () => shared));
    const outer = loop.createTask(async () => {
      await Promise.all(ways.map(async (way) => way));
    });
    await cancelLast([shared, ...ways, outer]);
    expect(shared.cancelling()).to.equal(2);
    expect([shared, ...ways, outer].map((task) => task.cancelled())).to.deep.equal(Array(4).fill(true));
  });

  it('Task.cancel() called by an AbortSignal listener while another cancel() runs cancels its task as well', async () => {
    const other = loop.createTask(async () => sleep(9));
    const task = loop.createTask(async (signal: AbortSignal) => {
      signal.addEventListener('abort', () => other.cancel('by the listener'));
      await sleep(9);
    });
    await cancelLast([other, task]);
    expect([task.cancelled(), other.cancelled()]).to.deep.equal([true, true]);
  });

  it('Task.cancel() throws a CancelledError with its message, and restores Error.stackTraceLimit', async () => {
    const task = loop.createTask(async () => sleep(9));
    await cancelLast([task], 'enough');
    const error: unknown = await task.then(null, (reason: unknown) => reason);
    expect(error).to.be.instanceOf(CancelledError).with.property('message', 'enough');
    expect(Error.stackTraceLimit).to.be.above(1);
  });
});
