import { setTimeout as delay } from 'node:timers/promises';
import {
  type BaseEventLoop,
  CancelledError,
  currentTask,
  type Future,
  InvalidStateError,
  Lock,
  LoopStateError,
  sleep,
  TimeoutError,
  waitFor,
} from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { jumpingLoop, runOnce } from '../virtual-loop.js';

describe('core/wait-for', () => {
  let loop: BaseEventLoop;
  let never: Future<string>;

  beforeEach(() => {
    loop = jumpingLoop();
    never = loop.createFuture();
  });

  const main = <T>(coroutine: () => PromiseLike<T>): Promise<T> => loop.runUntilComplete(coroutine);

  it('waitFor() waits for every kind of awaitable', async () => {
    const results = await main(async () => [
      await waitFor(sleep(1, 'sleep'), 5),
      await waitFor(async () => sleep(1, 'function'), 5),
      await waitFor(() => sleep(0, 'thunk'), 5),
      await waitFor(function* () {
        return yield* sleep(1, 'generator function');
      }, 5),
      await waitFor(
        (function* () {
          return yield* sleep(1, 'generator');
        })(),
        5,
      ),
      await waitFor(Promise.resolve('promise'), Infinity),
      await waitFor(sleep(0, 'next iteration'), 5),
    ]);
    expect(results).to.deep.equal([
      'sleep',
      'function',
      'thunk',
      'generator function',
      'generator',
      'promise',
      'next iteration',
    ]);
  });

  it('waitFor() refuses what is no awaitable, and a timeout that is no number', () =>
    main(async () => {
      expect(() => waitFor(5 as never, 1)).to.throw(
        TypeError,
        'A Future, a coroutine or a promise is required',
      );
      expect(() => waitFor([] as never, 1)).to.throw(
        TypeError,
        'A Future, a coroutine or a promise is required',
      );
      expect(() => waitFor(never, NaN)).to.throw(TypeError, 'timeout must be a number of seconds');
      expect(() => waitFor(never, undefined as never)).to.throw(
        TypeError,
        'timeout must be a number of seconds',
      );
    }));

  it('waitFor() needs a task, unless there is no time to wait', async () => {
    expect(() => waitFor(never, 1)).to.throw(LoopStateError, 'no running event loop');
    const errors: unknown[] = [];
    loop.callSoon(() => {
      for (const timeout of [1, 0]) {
        waitFor(never, timeout).then(undefined, (error: unknown) => {
          if (errors.push(error) === 2) loop.stop();
        });
      }
    });
    await loop.runForever();
    expect(errors[0]).to.be.instanceOf(InvalidStateError);
    expect(errors[1]).to.be.instanceOf(TimeoutError);
  });

  it('waitFor() runs a coroutine as part of the task', async () => {
    await main(async () => {
      const task = currentTask();
      expect(await waitFor(async () => Promise.resolve(currentTask() === task), 1)).to.equal(true);
    });
  });

  it('waitFor() abandons a promise, which nobody can cancel', async () => {
    await main(async () => {
      const forever = new Promise<string>(() => undefined);
      expect(await rejection(waitFor(forever, 1))).to.be.instanceOf(TimeoutError);
      expect(await rejection(waitFor(Promise.reject(new RangeError('no')), 1))).to.be.instanceOf(RangeError);
    });
    expect(loop.time()).to.equal(1);
  });

  it('waitFor() gives a coroutine that declares it an AbortSignal, which the timeout aborts', async () => {
    const error = await rejection(main(async () => waitFor((signal) => delay(1e6, 'late', { signal }), 1)));
    expect(error).to.be.instanceOf(TimeoutError);
    expect(error.cause).to.be.instanceOf(CancelledError);
  });

  it('waitFor() that times out in the iteration of the result throws TimeoutError, as CPython does', async () => {
    const future = loop.createFuture<string>();
    loop.callLater(1, () => future.setResult('just now'));
    for (const kind of ['async', 'generator']) {
      const waiting =
        kind === 'async'
          ? main(async () => waitFor(future, 1))
          : loop.runUntilComplete(function* () {
              return yield* waitFor(loop.createFuture(), 1);
            });
      expect(await rejection(waiting)).to.be.instanceOf(TimeoutError);
    }
  });

  it('waitFor() with a timeout of 0 passes on what a task does with its cancellation', () =>
    main(async () => {
      const tasks = [
        async () => rejection(sleep(10)).then(() => 'survived'),
        async () => {
          await rejection(sleep(10));
          throw new RangeError('instead');
        },
      ].map((coroutine) => loop.createTask<string>(coroutine));
      await sleep(0);
      expect(await waitFor(tasks[0]!, 0)).to.equal('survived');
      expect(await rejection(waitFor(tasks[1]!, 0))).to.be.instanceOf(RangeError);
    }));

  it('waitFor() with a timeout of 0 can be cancelled while it waits for the end of a cancellation', async () => {
    const slow = loop.createTask(async () => {
      await rejection(sleep(10));
      await sleep(5);
      return 'slow';
    });
    const waiting = loop.createTask(async () => {
      await sleep(0);
      return waitFor(slow, 0);
    });
    await runOnce(loop);
    await runOnce(loop);
    await runOnce(loop);
    waiting.cancel();
    expect(await rejection(loop.runUntilComplete(waiting))).to.be.instanceOf(CancelledError);
    expect(slow.done()).to.equal(false);
    expect(await loop.runUntilComplete(slow)).to.equal('slow');
  });

  it('waitFor() of a future of another loop says so', async () => {
    const error = await rejection(main(async () => waitFor(jumpingLoop().createFuture(), 1)));
    expect(error).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_OTHER_LOOP');
  });

  it('waitFor() gives up a place in a queue of waiters', () =>
    main(async () => {
      const lock = new Lock();
      await lock.acquire();
      expect(await rejection(waitFor(lock.acquire(), 1))).to.be.instanceOf(TimeoutError);
      lock.release();
      expect(lock.locked()).to.equal(false);
      expect(await waitFor(lock.acquire(), 1)).to.equal(true);
    }));

  it('waitFor() 10,000 times leaves no timer behind', async () => {
    await main(async () => {
      for (let i = 0; i < 10_000; i++) await waitFor(sleep(0, i), 1000);
    });
    expect(loop.time()).to.equal(0);
  });
});
