import {
  type BaseEventLoop,
  ensureFuture,
  type Future,
  isFuture,
  LoopStateError,
  setEventLoop,
  sleep,
  Task,
} from '@ringloop/core';
import { expect } from 'chai';
import { jumpingLoop } from './virtual-loop.js';

describe('core/ensure-future', () => {
  let loop: BaseEventLoop;
  let future: Future<string>;

  beforeEach(() => {
    loop = jumpingLoop();
    future = loop.createFuture();
  });

  // CPython BaseTaskTests.test_ensure_future_future and test_ensure_future_task
  it('ensureFuture() gives a future or a task back as it is', () => {
    const task: Future<string> = loop.createTask(() => sleep(0, 'slept'));
    for (const each of [future, task]) {
      expect(ensureFuture(each)).to.equal(each);
      expect(ensureFuture(each, { loop })).to.equal(each);
      expect(ensureFuture(each, {})).to.equal(each);
    }
  });

  // CPython BaseTaskTests.test_ensure_future_coroutine and test_ensure_future_awaitable
  it('ensureFuture() makes a task of a coroutine of any kind and of a promise', async () => {
    const tasks = [
      ensureFuture(async () => Promise.resolve('async'), { loop }),
      ensureFuture(
        function* () {
          yield;
          return 'generator';
        },
        { loop },
      ),
      ensureFuture(Promise.resolve('promise'), { loop }),
    ];
    expect(tasks.map((task) => task instanceof Task)).to.deep.equal([true, true, true]);
    expect(await loop.runUntilComplete(() => Promise.all(tasks))).to.deep.equal([
      'async',
      'generator',
      'promise',
    ]);
  });

  it('ensureFuture() takes the running loop, or else the current one, if it is given none', async () => {
    const own = await loop.runUntilComplete(async () => {
      const task = ensureFuture(() => sleep(0));
      await task;
      return task.getLoop() === loop;
    });
    expect(own).to.equal(true);
    expect(() => ensureFuture(() => sleep(0)))
      .to.throw(LoopStateError)
      .with.property('code', 'ERR_NO_CURRENT_LOOP');
    setEventLoop(loop);
    try {
      expect(ensureFuture(() => sleep(0)).getLoop()).to.equal(loop);
    } finally {
      setEventLoop(null);
    }
  });

  // CPython BaseTaskTests.test_ensure_future_neither, test_ensure_future_error_msg
  it('ensureFuture() refuses a future of another loop and what is no awaitable', () => {
    expect(() => ensureFuture(future, { loop: jumpingLoop() }))
      .to.throw(
        LoopStateError,
        'The future belongs to a different loop than the one specified as the loop argument',
      )
      .with.property('code', 'ERR_OTHER_LOOP');
    expect(() => ensureFuture('ok' as never, { loop })).to.throw(
      TypeError,
      "A Future, a coroutine or a promise is required, got 'ok'",
    );
  });

  // CPython BaseFutureTests.test_isfuture
  it('isFuture() tells futures and tasks from all else', async () => {
    expect([future, loop.createTask(() => sleep(0))].map(isFuture)).to.deep.equal([true, true]);
    expect(
      [Promise.resolve(), { then: () => undefined }, 5, null, undefined, () => undefined].map(isFuture),
    ).to.deep.equal(Array(6).fill(false));
    await loop.runUntilComplete(async () => {
      expect([sleep(1), sleep(0)].map(isFuture)).to.deep.equal([true, false]);
      await sleep(2);
    });
  });
});
