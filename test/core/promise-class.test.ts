import { inspect } from 'node:util';
import { type BaseEventLoop, Future, sleep, Task, type TaskOptions } from '@ringloop/core';
import { expect } from 'chai';
import { jumpingLoop, runOnce } from './virtual-loop.js';

describe('core/promise-class', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop();
  });

  it('Future is a promise, for instanceof, types and Node, and Promise its constructor', () => {
    const future = loop.createFuture<number>();
    const promise: Promise<number> = future; // wherever one is wanted
    expect(promise).to.be.instanceOf(Promise).and.instanceOf(Future);
    expect(promise.constructor).to.equal(Promise);
    expect([Future.prototype.constructor, Task.prototype.constructor]).to.deep.equal([Future, Task]);
    expect(Promise.resolve(future)).to.equal(future);
  });

  it('Future has not what Promise can do as a class', () => {
    for (const make of [
      () => Future.resolve(1),
      () => Future.all([]),
      () => new Future((() => undefined) as never),
    ]) {
      expect(make)
        .to.throw(TypeError, 'loop.createFuture() to make a future')
        .with.property('code', 'ERR_INVALID_ARG_TYPE');
    }
  });

  it('A class of tasks of the user’s is awaited as a task is, and shown by its name', async () => {
    class Job<T> extends Task<T> {
      readonly isJob = true;
    }
    loop.setTaskFactory((owner, coroutine, options: TaskOptions) => new Job(coroutine, owner, options));
    const inner = loop.createTask(async () => sleep(9), { name: 'inner' });
    const outer = loop.createTask(async () => {
      await inner;
    });
    await runOnce(loop);
    await runOnce(loop);
    expect(inspect(inner)).to.match(/^<Job pending name='inner'/);
    expect(Job.prototype.constructor).to.equal(Job);
    outer.cancel();
    await loop.runUntilComplete(() => Promise.allSettled([outer]));
    expect([inner.cancelled(), outer.cancelled()]).to.deep.equal([true, true]);
  });

  it('Future does not count as awaited by a task that only looks at its properties', async () => {
    const future = loop.createFuture();
    const task = loop.createTask(async () => {
      inspect(future);
      inspect({ future });
      await sleep(9);
    });
    await runOnce(loop);
    expect(inspect(task)).to.match(/waitFor=<Sleep pending>>$/);
    task.cancel();
    await loop.runUntilComplete(() => Promise.allSettled([task]));
    expect(future.done()).to.equal(false);
  });
});
