import { setImmediate as immediate } from 'node:timers/promises';
import { allTasks, type BaseEventLoop, currentTask, LoopStateError, sleep } from '@ringloop/core';
import { expect } from 'chai';
import { jumpingLoop, runOnce } from './virtual-loop.js';

describe('core/all-tasks', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop();
  });

  // CPython BaseTaskTests.test_all_tasks… and BaseCurrentLoopTests
  it('allTasks() is the tasks of one loop that are not done', async () => {
    const other = jumpingLoop();
    const elsewhere = other.createTask(() => Promise.resolve());
    const quick = loop.createTask(() => Promise.resolve());
    const slow = loop.createTask(() => loop.createFuture());
    const generator = loop.createTask(function* () {
      yield* sleep(1);
    });
    expect([...allTasks(loop)]).to.deep.equal([quick, slow, generator]);
    expect([...allTasks(other)]).to.deep.equal([elsewhere]);
    await runOnce(loop);
    expect([...allTasks(loop)]).to.deep.equal([slow, generator]);
    slow.cancel();
    generator.cancel();
    await runOnce(loop);
    expect([...allTasks(loop)]).to.deep.equal([]);
  });

  it('allTasks() is a set of its own, and by default of the running loop', async () => {
    const main = loop.createTask(async () => {
      const tasks = allTasks();
      tasks.clear();
      await sleep(0);
      return [...allTasks()];
    });
    expect(await loop.runUntilComplete(main)).to.deep.equal([main]);
    expect(() => allTasks())
      .to.throw(LoopStateError, 'no running event loop')
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
  });

  // CPython BaseCurrentLoopTests.test_current_task_with_interleaving_tasks
  it('currentTask() is each generator task in its own steps', async () => {
    const seen: boolean[] = [];
    const look = (index: number): void => void seen.push(currentTask() === tasks[index]);
    const tasks = [0, 1].map((index) =>
      loop.createTask(function* () {
        look(index);
        yield;
        look(index);
        yield* sleep(1);
        look(index);
      }),
    );
    loop.callSoon(() => seen.push(currentTask() === null));
    loop.callLater(2, () => loop.stop());
    await loop.runForever();
    expect(seen).to.deep.equal(Array(7).fill(true));
  });

  it('currentTask() asks for one loop, by default the running one', async () => {
    const other = jumpingLoop();
    const task = loop.createTask(async () => [currentTask(), currentTask(loop), currentTask(other)]);
    expect(await loop.runUntilComplete(task)).to.deep.equal([task, task, null]);
    expect([currentTask(), currentTask(loop), currentTask(null)]).to.deep.equal([null, null, null]);
  });

  it('currentTask() is null in what Node calls while a task waits', async () => {
    const seen: unknown[] = [];
    await loop.runUntilComplete(function* () {
      setImmediate(() => seen.push(currentTask()));
      queueMicrotask(() => seen.push(currentTask()));
      yield immediate();
      yield immediate();
    });
    expect(seen).to.deep.equal([null, null]);
  });

  it('currentTask() in an async function that a generator task called is that task', async () => {
    const seen: unknown[] = [];
    const task = loop.createTask(function* () {
      const inner = loop.createTask(async () => {
        seen.push(currentTask() === inner);
        await sleep(1);
        seen.push(currentTask() === inner);
      });
      seen.push(currentTask() === task);
      yield* inner;
      seen.push(currentTask() === task);
    });
    await loop.runUntilComplete(task);
    expect(seen).to.deep.equal([true, true, true, true]);
  });
});
