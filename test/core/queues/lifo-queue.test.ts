import { inspect } from 'node:util';
import { LifoQueue, Queue } from '@ringloop/core';
import { expect } from 'chai';

describe('core/lifo-queue', () => {
  it('LifoQueue gives what was put in last', async () => {
    const queue = new LifoQueue<string>(3);
    for (const item of 'abc') await queue.put(item);
    expect([queue.full(), queue.qsize(), inspect(queue)]).to.deep.equal([
      true,
      3,
      "<LifoQueue maxsize=3 _queue=[ 'a', 'b', 'c' ] tasks=3>",
    ]);
    expect([await queue.get(), queue.getNowait()]).to.deep.equal(['c', 'b']);
    await queue.put('d');
    expect([await queue.get(), await queue.get(), queue.empty()]).to.deep.equal(['d', 'a', true]);
  });

  it('LifoQueue is a Queue, and can be shut down at once', () => {
    const queue = new LifoQueue<number>();
    queue.putNowait(1);
    queue.shutdown({ immediate: true });
    expect([queue instanceof Queue, queue.maxsize, queue.qsize()]).to.deep.equal([true, 0, 0]);
  });
});
