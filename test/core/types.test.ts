import {
  type Awaitable,
  type BaseEventLoop,
  type Future,
  gather,
  Queue,
  shield,
  sleep,
  type Task,
  timeout,
  waitFor,
} from '@ringloop/core';
import { expect } from 'chai';
import { jumpingLoop } from './virtual-loop.js';

/** Compiles only where `value` is exactly of the type that is named. */
function exactly<T>() {
  return <V>(value: V, ...check: [T] extends [V] ? ([V] extends [T] ? [] : ['wider']) : ['other']): V =>
    check.length === 0 ? value : value;
}

describe('Types', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop();
  });

  it('Future<T> can be given wherever a Promise<T> is wanted', async () => {
    const wanted = async (promise: Promise<string>): Promise<number> => (await promise).length;
    const future: Future<string> = loop.createFuture();
    const task: Task<string> = loop.createTask(async () => future);
    const awaitable: Awaitable<string> = task;
    future.setResult('four');
    const lengths = await loop.runUntilComplete(() =>
      Promise.all([
        wanted(future),
        wanted(task),
        wanted(awaitable),
        wanted(future.then()),
        wanted(shield(task)),
      ]),
    );
    expect(exactly<[number, number, number, number, number]>()(lengths)).to.deep.equal([4, 4, 4, 4, 4]);
    expect(exactly<string>()(await Promise.race([future, task]))).to.equal('four');
  });

  it('waitFor() and the like give what is waited for', async () => {
    const queue = new Queue<string>();
    for (const item of ['a', 'b', 'c', 'd']) queue.putNowait(item);
    await loop.runUntilComplete(async () => {
      expect(exactly<string>()(await waitFor(queue.get(), 1))).to.equal('a');
      expect(exactly<string>()(await waitFor(() => queue.get(), 1))).to.equal('b');
      expect(exactly<number>()(await waitFor(sleep(0, 5), 1))).to.equal(5);
      expect(exactly<number>()(await waitFor(Promise.resolve(5), null))).to.equal(5);
      expect(exactly<string>()(await waitFor(loop.createTask(queue.get()), 1))).to.equal('c');
      expect(
        exactly<boolean>()(
          await waitFor(
            timeout(1).run(async () => queue.empty()),
            1,
          ),
        ),
      ).to.equal(false);
      expect(exactly<string>()(await shield(queue.get()))).to.equal('d');
      const both = await gather([sleep(0, 1), loop.createTask(async () => 'two')]);
      expect(exactly<[number, string]>()(both)).to.deep.equal([1, 'two']);
    });
  });
});
