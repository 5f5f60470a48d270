import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  type BaseEventLoop,
  CancelledError,
  currentTask,
  Future,
  InvalidStateError,
  LoopStateError,
  sleep,
  TaskGroup,
  Timeout,
  timeout,
  timeoutAt,
  TimeoutError,
  VirtualHost,
  waitFor,
} from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { CountingHost } from '../counting-host.js';
import { rejection } from '../../rejection.js';
import { jumpingLoop, runOnce } from '../virtual-loop.js';

describe('core/timeouts', () => {
  let loop: BaseEventLoop;
  let log: string[];

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  const main = <T>(coroutine: () => PromiseLike<T>): Promise<T> => loop.runUntilComplete(coroutine);

  it('timeout() and timeoutAt() refuse what is no time', () =>
    main(async () => {
      expect(() => timeout(NaN)).to.throw(TypeError, 'delay must be a number of seconds');
      expect(() => timeout('1' as never)).to.throw(TypeError);
      expect(() => timeoutAt(undefined as never)).to.throw(TypeError, 'when must be a number of seconds');
      await timeout(1).run(async () => {
        const limit = timeout(1);
        await limit.run(async () => {
          expect(() => limit.reschedule(NaN)).to.throw(TypeError, 'when must be a number of seconds');
        });
      });
    }));

  it('timeout() needs a loop that runs, timeoutAt() and new Timeout() do not', () => {
    expect(() => timeout(1)).to.throw(LoopStateError, 'no running event loop');
    expect([timeout(null).when(), timeoutAt(5).when(), new Timeout(null).when()]).to.deep.equal([
      null,
      5,
      null,
    ]);
    expect(inspect(timeoutAt(5))).to.equal('<Timeout [created]>');
  });

  it('Timeout.run() refuses a body that is no function, and can be run after that', () =>
    main(async () => {
      const limit = timeout(1);
      expect(() => limit.run(5 as never)).to.throw(
        TypeError,
        'An async function or a generator function is required',
      );
      expect(await limit.run(async () => 'result')).to.equal('result');
    }));

  it('Timeout.run() gives the body the timeout, and what the body returns', async () => {
    const limits: unknown[] = [];
    const results = await main(async () => [
      await timeout(5).run(async (limit) => limits.push(limit)),
      await timeout(5).run(function* (limit) {
        yield* sleep(1);
        return limits.push(limit);
      }),
      await timeout(5).run((limit) =>
        (function* () {
          yield* sleep(1);
          return limits.push(limit);
        })(),
      ),
    ]);
    expect(results).to.deep.equal([1, 2, 3]);
    expect(limits.every((each) => each instanceof Timeout)).to.equal(true);
  });

  it('Timeout.run() cancels a generator that an async function made, and one behind an arrow function', async () => {
    for (const body of [
      function* () {
        yield* sleep(10);
      },
      () => sleep(10),
    ]) {
      expect(await rejection(main(async () => timeout(1).run(body)))).to.be.instanceOf(TimeoutError);
    }
    const arrow = main(async () =>
      timeout(1).run(() =>
        (function* () {
          yield* sleep(10);
        })(),
      ),
    );
    expect(await rejection(arrow)).to.be.instanceOf(TimeoutError);
    expect(loop.time()).to.equal(3);
  });

  it('Timeout.run() begins its body in the same step', async () => {
    loop.createTask(async () => {
      await timeout(5).run(async () => {
        log.push('async body');
      });
    });
    loop.createTask(function* () {
      yield* timeout(5).run(function* () {
        log.push('generator body');
        yield;
      });
    });
    loop.callSoon(() => log.push('callback'));
    await runOnce(loop);
    expect(log).to.deep.equal(['async body', 'generator body', 'callback']);
  });

  // CPython: the task's _must_cancel outlives the block.
  it('Timeout.run() leaves a cancel() that the body gave itself for the next wait', async () => {
    const task = loop.createTask(function* () {
      yield* timeout(5).run(function* () {
        yield* sleep(1);
        currentTask()?.cancel('self');
      });
      log.push('behind the block');
      try {
        yield* sleep(1);
      } catch (thrown) {
        log.push(String(thrown));
      }
    });
    await loop.runUntilComplete(task);
    expect(log).to.deep.equal(['behind the block', 'CancelledError: self']);
  });

  it('Timeout.run() of an async body in a generator coroutine ends with the body', async () => {
    const error = await rejection(
      loop.runUntilComplete(function* () {
        yield* timeout(1).run(async () => {
          try {
            await sleep(10);
          } finally {
            await sleep(1);
            log.push('cleaned up');
          }
        });
      }),
    );
    expect(error).to.be.instanceOf(TimeoutError);
    expect([log, loop.time()]).to.deep.equal([['cleaned up'], 2]);
  });

  it('Timeout.run() that could not interrupt its body throws when a wait that cannot be cancelled is over', async () => {
    class Stubborn extends Future<void> {
      override cancel(): boolean {
        return false;
      }
    }
    const stubborn = new Stubborn(loop);
    loop.callLater(2, () => stubborn.setResult());
    const limited = main(() =>
      timeout(1).run(async () => {
        await new Promise<void>((resolve) => loop.callLater(1.5, resolve)); // past the limit
        await stubborn;
        log.push('not reached');
      }),
    );
    expect(await rejection(limited)).to.be.instanceOf(TimeoutError);
    expect([loop.time(), log]).to.deep.equal([2, []]);
  });

  it('Timeout.run() cannot interrupt a native promise; a body without another await gives its result, late', async () => {
    const limit = timeoutAt(1);
    const host = new VirtualHost();
    loop = jumpingLoop({ host });
    let finish: (value: string) => void = () => undefined;
    const promise = new Promise<string>((resolve) => (finish = resolve));
    const running = main(async () => {
      const value = await limit.run(async () => promise);
      await sleep(0); // the cancellation was the block's, and is over with it
      return value;
    });
    await new Promise(setImmediate);
    host.advance(2);
    expect(limit.expired()).to.equal(true);
    finish('late');
    expect(await running).to.equal('late');
  });

  it('Timeout.run() throws at the next await of a future, when the deadline passed in that of a promise', async () => {
    const error = await rejection(
      main(() =>
        timeout(0).run(async () => {
          await delay(1);
          log.push('promise');
          await sleep(1);
        }),
      ),
    );
    expect(error).to.be.instanceOf(TimeoutError);
    expect([log, loop.time()]).to.deep.equal([['promise'], 0]);
  });

  it('Timeout.run() throws behind the await of a future that refuses to be cancelled', async () => {
    const stubborn = loop.createFuture<string>();
    stubborn.cancel = () => false;
    const limit = timeoutAt(0);
    const running = main(() =>
      limit.run(async () => {
        await delay(1); // here the deadline passes
        loop.callLater(1, () => stubborn.setResult('result'));
        await stubborn;
        log.push('not reached');
      }),
    );
    expect(await rejection(running)).to.be.instanceOf(TimeoutError);
    expect([log, loop.time()]).to.deep.equal([[], 1]);
  });

  it('Timeout.run() does not keep the body from being told that a future is of another loop', async () => {
    const running = main(() => timeout(1).run(async () => jumpingLoop().createFuture()));
    expect(await rejection(running))
      .to.be.instanceOf(LoopStateError)
      .with.property('code', 'ERR_OTHER_LOOP');
  });

  describe('AbortSignal', () => {
    const aborted = (signal: AbortSignal): Promise<unknown> => delay(1e6, null, { signal });

    it('Timeout.run() gives the body a signal that the deadline aborts, in both kinds of bodies and tasks', async () => {
      const bodies = [
        async (_: Timeout, signal: AbortSignal) => aborted(signal),
        function* (_: Timeout, signal: AbortSignal) {
          try {
            return (yield aborted(signal)) as unknown;
          } finally {
            signal.addEventListener('abort', () => log.push('aborted'));
          }
        },
      ];
      for (const body of bodies) {
        const errors = [
          await rejection(main(async () => timeout(1).run(body))),
          await rejection(
            loop.runUntilComplete(function* () {
              yield* timeout(1).run(body);
            }),
          ),
        ];
        for (const error of errors) expect(error).to.be.instanceOf(TimeoutError);
      }
    });

    it('Timeout.run() leaves the signals around it alone, and so the task can use its own', async () => {
      const outcomes = await loop.runUntilComplete(async (ofTask: AbortSignal) =>
        timeout(100).run(async (_, outer) => {
          const error = await rejection(timeout(1).run(async (__, inner) => aborted(inner)));
          return [error.name, ofTask.aborted, outer.aborted];
        }),
      );
      expect(outcomes).to.deep.equal(['TimeoutError', false, false]);
      const steps = await loop.runUntilComplete(function* () {
        return yield* timeout(100).run(function* (_, outer) {
          let name = '';
          try {
            yield* timeout(1).run(function* (__, inner) {
              inner.addEventListener('abort', () => log.push('inner'));
              yield* sleep(10);
            });
          } catch (thrown) {
            name = (thrown as Error).name;
          }
          return [name, outer.aborted];
        });
      });
      expect([steps, log]).to.deep.equal([['TimeoutError', false], ['inner']]);
    });

    it('Timeout.run() aborts the signals of the blocks within', async () => {
      const error = await rejection(
        main(() => timeout(1).run(async () => timeout(100).run(async (_, signal) => aborted(signal)))),
      );
      expect(error).to.be.instanceOf(TimeoutError);
    });

    it('Task.cancel() aborts the signals of all blocks of the task, and is told once', async () => {
      const task = loop.createTask(async () => {
        try {
          await timeout(100).run(async (_, signal) => aborted(signal));
        } catch (thrown) {
          log.push(String(thrown));
          await sleep(1); // the cleanup is not disturbed
          log.push('cleaned up');
          throw thrown;
        }
      });
      await runOnce(loop);
      task.cancel('enough');
      expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
      expect(log).to.deep.equal(['CancelledError: enough', 'cleaned up']);
    });
  });

  describe('at once', () => {
    it('Timeout.run() cancels its own body only, beside others in one task', () =>
      main(async () => {
        const [first, second, third] = await Promise.allSettled([
          timeout(1).run(async () => sleep(10)),
          timeout(5).run(async () => sleep(3, 'three')),
          timeout(2).run(function* () {
            yield* timeout(20).run(function* () {
              yield* sleep(10);
            });
          }),
        ]);
        expect([first.status, second, third.status]).to.deep.equal([
          'rejected',
          { status: 'fulfilled', value: 'three' },
          'rejected',
        ]);
        expect(
          [first, third].map((each) => ('reason' in each ? (each.reason as Error).name : '')),
        ).to.deep.equal(['TimeoutError', 'TimeoutError']);
      }));

    it('Timeout.run() that expires when the task is cancelled as well leaves it at that', async () => {
      for (const kind of ['async', 'generator']) {
        const limit = timeoutAt(loop.time() + 1);
        const body =
          kind === 'async'
            ? async () => sleep(10)
            : function* () {
                yield* sleep(10);
              };
        const task = loop.createTask(async () => limit.run(body));
        loop.callLater(1, () => task.cancel('by others'));
        const error = await rejection(loop.runUntilComplete(task));
        expect(error).to.be.instanceOf(CancelledError);
        expect([limit.expired(), task.cancelled()]).to.deep.equal([true, true]);
      }
    });

    it('Timeout.run() within another one: what expires first decides', async () => {
      const times = fc.integer({ min: 1, max: 4 });
      await fc.assert(
        fc.asyncProperty(times, times, times, fc.boolean(), async (outer, inner, work, steps) => {
          const own = jumpingLoop();
          const nested = async (): Promise<string> => {
            try {
              return await timeout(outer).run(async () => {
                try {
                  return await timeout(inner).run(
                    steps
                      ? function* () {
                          return yield* sleep(work, 'done');
                        }
                      : async () => sleep(work, 'done'),
                  );
                } catch (thrown) {
                  if (thrown instanceof TimeoutError) return 'inner';
                  throw thrown;
                }
              });
            } catch (thrown) {
              return thrown instanceof TimeoutError ? 'outer' : String(thrown);
            }
          };
          const outcome = await own.runUntilComplete(nested);
          const first = Math.min(outer, inner, work);
          const possible = [
            ...(work === first ? ['done'] : []),
            ...(inner === first ? ['inner'] : []),
            ...(outer === first ? ['outer'] : []),
          ];
          expect(possible).to.include(outcome);
        }),
      );
    });
  });

  it('Timeout.reschedule() to the past expires in the next iteration', async () => {
    const limit = timeoutAt(100);
    const error = await rejection(
      main(() =>
        limit.run(async () => {
          limit.reschedule(-1);
          await sleep(10);
        }),
      ),
    );
    expect(error).to.be.instanceOf(TimeoutError);
    expect([loop.time(), limit.when()]).to.deep.equal([0, -1]);
  });

  it('Timeout.run() leaves no timer behind', async () => {
    const host = new CountingHost(new VirtualHost());
    loop = jumpingLoop({ host });
    await main(() => timeout(10).run(async () => 'quick'));
    host.sleeps.length = 0;
    const running = loop.runForever();
    await new Promise(setImmediate);
    expect(host.sleeps).to.deep.equal([Infinity]);
    loop.stop();
    await running;
  });

  it('Timeout.run() is told of a timeout in the causes of an error, also in a circle or a frozen one', async () => {
    const circle = new Error('circle');
    circle.cause = circle;
    const frozen = (cause: unknown): Error => Object.freeze(new Error('frozen', { cause }));
    for (const make of [() => circle, frozen, () => null]) {
      const error = await rejection(
        main(() =>
          timeout(1).run(async () => {
            const cancellation = await rejection(sleep(10));
            throw make(cancellation) as unknown;
          }),
        ),
      );
      expect(error).not.to.be.instanceOf(TimeoutError);
    }
  });

  it('Timeout.run() of a body that outlives its task, which did not wait for it, ends alone', async () => {
    const limit = timeoutAt(1);
    await main(async () => {
      void limit.run(async () => sleep(10)).catch((error: unknown) => log.push((error as Error).name));
    });
    await main(() => sleep(2));
    expect([log, limit.expired()]).to.deep.equal([['TimeoutError'], true]);
  });

  it('Timeout.run() that was entered before is refused by a rejection', () =>
    main(async () => {
      const limit = timeout(1);
      await limit.run(async () => null);
      const again = limit.run(async () => null);
      expect(await rejection(again)).to.be.instanceOf(InvalidStateError);
    }));

  it('Timeout.run() 10,000 times', async () => {
    await main(async () => {
      for (let i = 0; i < 10_000; i++) await timeout(1000).run(async () => i);
    });
    await loop.runUntilComplete(function* () {
      for (let i = 0; i < 10_000; i++) {
        yield* timeout(1000).run(function* () {
          if (i % 100 === 0) yield;
        });
      }
    });
    expect(loop.time()).to.equal(0);
  });

  it('Timeout.run() leaves the cause of another timeout alone', async () => {
    const error = await rejection(
      loop.runUntilComplete(async () =>
        timeout(2).run(async () =>
          new TaskGroup().run(async (group) => {
            group.createTask(async () => waitFor(sleep(9), 1)); // fails at 1, on its own deadline
            try {
              await sleep(9);
            } finally {
              await sleep(3); // so the block is left at 4, when the outer limit is over as well
            }
          }),
        ),
      ),
    );
    const [inner] = (error as Error as { errors?: Error[] }).errors ?? [];
    expect([inner?.name, (inner?.cause as Error).name, (inner?.cause as Error).cause]).to.deep.equal([
      'TimeoutError',
      'CancelledError',
      undefined,
    ]);
  });
});
