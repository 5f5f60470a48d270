import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import {
  type Awaitable,
  type BaseEventLoop,
  CancelledError,
  type CoroutineGenerator,
  currentTask,
  LoopStateError,
  type ScopeBody,
  sleep,
} from '@ringloop/core';
import { expect } from 'chai';
import { coreFile } from './core-file.js';
import { rejection } from '../rejection.js';
import { jumpingLoop } from './virtual-loop.js';

const { runScoped } = (await coreFile('scope')) as typeof import('../../packages/core/dist/scope.js');

describe('core/scope', () => {
  let loop: BaseEventLoop;
  let log: unknown[];

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  /** A scope that notes what is done with it, and takes an iteration to enter and to leave. */
  const slowly = <R>(body: ScopeBody<string, R>): Awaitable<R> =>
    runScoped(
      function* (): CoroutineGenerator<string> {
        log.push('enter');
        yield;
        return 'scope';
      },
      body,
      function* (error): CoroutineGenerator<void> {
        log.push(`exit ${inspect(error, { depth: 0 }).split('\n')[0] ?? ''}`);
        yield;
        log.push('left');
      },
    );
  /** One that takes no time. */
  const atOnce = <R>(
    body: ScopeBody<string, R>,
    exit: (error: unknown) => void = () => undefined,
  ): Awaitable<R> => runScoped(() => 'scope', body, exit);

  const asyncBody = async (scope: string): Promise<string> => {
    log.push(`body of ${scope}`);
    await sleep(1);
    return 'result';
  };
  function* generatorBody(scope: string): CoroutineGenerator<string> {
    log.push(`body of ${scope}`);
    yield* sleep(1);
    return 'result';
  }
  const BODIES = {
    'an async function': asyncBody,
    'a generator function': generatorBody,
    'an arrow function that gives a generator': (scope: string) => generatorBody(scope),
    'a function that gives a promise': (scope: string) => asyncBody(scope),
  };

  for (const [kind, body] of Object.entries(BODIES)) {
    for (const run of [slowly, atOnce]) {
      it(`runScoped() runs ${kind} between enter and exit and gives its result, ${run === slowly ? 'slowly' : 'at once'}`, async () => {
        const whole = run === slowly ? ['enter', 'body of scope', 'exit null', 'left'] : ['body of scope'];
        expect(await loop.runUntilComplete(async () => run(body))).to.equal('result');
        expect(log).to.deep.equal(whole);
        const inGenerator = await loop.runUntilComplete(function* () {
          return yield* run(body);
        });
        expect([inGenerator, log]).to.deep.equal(['result', [...whole, ...whole]]);
      });
    }

    it(`runScoped() throws in ${kind} what cancels its task, and leaves before the task ends`, async () => {
      for (const main of [
        async () => slowly(body),
        function* () {
          return yield* slowly(body);
        },
      ]) {
        log = [];
        const task = loop.createTask<string>(main);
        loop.callLater(0.5, () => task.cancel('enough'));
        const error = await rejection(loop.runUntilComplete(task));
        expect(error).to.be.instanceOf(CancelledError).with.property('message', 'enough');
        expect(log).to.deep.equal(['enter', 'body of scope', 'exit CancelledError: enough', 'left']);
      }
    });
  }

  it('runScoped() gives the exit what the body throws, and throws it again', async () => {
    const mine = new RangeError('mine');
    const bodies: (() => CoroutineGenerator<never> | Promise<never>)[] = [
      async () => {
        throw mine;
      },
      function* () {
        yield;
        throw mine;
      },
      () => {
        throw mine; // before there is a promise
      },
    ];
    for (const body of bodies) {
      expect(await rejection(loop.runUntilComplete(async () => slowly(body)))).to.equal(mine);
      const main = function* (): CoroutineGenerator<never> {
        return yield* slowly(body);
      };
      expect(await rejection(loop.runUntilComplete(main))).to.equal(mine);
    }
    const once = ['enter', 'exit RangeError: mine', 'left'];
    expect(log).to.deep.equal(bodies.flatMap(() => [...once, ...once]));
  });

  it('runScoped() tells the exit of an error also where null or undefined was thrown', async () => {
    for (const odd of [null, undefined]) {
      const exit = (error: unknown): void => void log.push(error);
      const asyncThrow = async (): Promise<never> => {
        throw odd;
      };
      const caught = await loop.runUntilComplete(function* () {
        const all: unknown[] = [];
        for (const body of [
          asyncThrow,
          function* (): CoroutineGenerator<never> {
            yield;
            throw odd;
          },
        ]) {
          try {
            yield* atOnce(body, exit);
          } catch (thrown) {
            all.push(thrown);
          }
        }
        return all;
      });
      const awaited = await loop.runUntilComplete(async () =>
        atOnce(asyncThrow, exit).catch((thrown: unknown) => [thrown]),
      );
      expect([caught, awaited]).to.deep.equal([[odd, odd], [odd]]);
      for (const seen of log.splice(0)) expect(seen).to.be.instanceOf(Error).with.property('cause', odd);
    }
  });

  it('runScoped() throws what the exit throws, with the error of the body as its cause', async () => {
    const mine = new RangeError('mine');
    const others = {
      plain: new Error('other'),
      withCause: new Error('other', { cause: 'its own' }),
      withoutCause: new Error('other', { cause: undefined }),
      notAnError: 'other',
    };
    const causes: unknown[] = [];
    for (const other of Object.values(others)) {
      const exit = (): never => {
        throw other;
      };
      const failing = async (): Promise<void> => {
        throw mine;
      };
      const caught = await rejection(loop.runUntilComplete(async () => atOnce(failing, exit)));
      expect(caught).to.satisfy((error: Error) => error === other || error.cause === other);
      causes.push(caught.cause);
      // Where the body throws nothing, there is no cause.
      const fresh = new Error('fresh');
      const throwing = atOnce(
        async () => 'unseen',
        () => {
          throw fresh;
        },
      );
      expect(await rejection(throwing)).to.equal(fresh);
      expect('cause' in fresh).to.equal(false);
    }
    expect(causes).to.deep.equal([mine, 'its own', undefined, 'other']);
  });

  it('runScoped() makes no circle of causes', async () => {
    const other = new Error('other');
    for (const mine of [other, new RangeError('mine', { cause: other })]) {
      const caught = await rejection(
        loop.runUntilComplete(async () =>
          atOnce(
            async () => {
              throw mine;
            },
            () => {
              throw other;
            },
          ),
        ),
      );
      expect(caught).to.equal(other);
      expect('cause' in other).to.equal(false);
    }
    const looped = new Error('looped');
    looped.cause = looped;
    const caught = await rejection(
      loop.runUntilComplete(async () =>
        atOnce(
          async () => {
            throw looped;
          },
          () => {
            throw other;
          },
        ),
      ),
    );
    expect(caught.cause).to.equal(looped);
  });

  it('runScoped() runs neither body nor exit when enter throws', async () => {
    const failing = (): never => {
      throw new RangeError('mine');
    };
    const unwanted = (): never => {
      throw new Error('Ran');
    };
    for (const body of [asyncBody, generatorBody]) {
      const error = await rejection(loop.runUntilComplete(async () => runScoped(failing, body, unwanted)));
      expect(error.message).to.equal('mine');
    }
    expect(log).to.deep.equal([]);
  });

  it('runScoped() begins the body in the same step where it need not wait, and goes on likewise', async () => {
    loop.createTask(async () => {
      await atOnce(async () => {
        log.push('body');
      });
    });
    loop.callSoon(() => log.push('callback'));
    await loop.runUntilComplete(async () => sleep(0));
    expect(log).to.deep.equal(['body', 'callback']);
  });

  it('runScoped() runs the body as part of the task, and in its context', async () => {
    const storage = new AsyncLocalStorage<string>();
    const look = (): void => void log.push(currentTask()?.getName(), storage.getStore());
    const bodies: ScopeBody<string, void>[] = [
      async () => {
        look();
        await sleep(1);
        look();
      },
      function* () {
        look();
        yield* sleep(1);
        look();
      },
    ];
    const start = (main: () => PromiseLike<void> | CoroutineGenerator<void>): Promise<void> =>
      storage.run('stored', () =>
        loop.runUntilComplete(loop.createTask(main as () => Promise<void>, { name: 'mine' })),
      );
    for (const body of bodies) {
      await start(async () => slowly<void>(body));
      await start(function* () {
        yield* slowly(body);
      });
    }
    const seen = log.filter((entry) => entry === 'mine' || entry === 'stored');
    expect(seen).to.deep.equal(Array.from({ length: 8 }, () => ['mine', 'stored']).flat());
  });

  it('runScoped() does not leave an async body alone whose task, a generator, is cancelled', async () => {
    let end!: () => void;
    const native = new Promise<void>((resolve) => (end = resolve));
    const task = loop.createTask(function* () {
      yield* slowly(async () => {
        await native; // takes no cancellation
        log.push('body ends');
      });
    });
    loop.callLater(1, () => {
      task.cancel();
      loop.callLater(1, end);
    });
    expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
    expect(log).to.deep.equal(['enter', 'body ends', 'exit CancelledError', 'left']);
  });

  it('runScoped() does not leave an async body alone either that is within a generator in an async function', async () => {
    const task = loop.createTask(async () =>
      slowly(function* () {
        log.push('generator');
        yield* slowly(async () => {
          try {
            await sleep(100);
          } finally {
            await sleep(1);
            log.push(`body ends at ${loop.time()}`);
          }
        });
      }),
    );
    loop.callLater(1, () => task.cancel());
    expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
    const left = ['exit CancelledError', 'left'];
    expect(log).to.deep.equal(['enter', 'generator', 'enter', 'body ends at 2', ...left, ...left]);
  });

  it('runScoped() knows a generator from an async function that it starts at once as a task', async () => {
    const cancelled = await loop.runUntilComplete(function* () {
      const task = loop.createTask(
        async () =>
          atOnce(async () => {
            try {
              await sleep(100);
            } catch {
              return 'caught';
            }
            return 'slept';
          }),
        { eagerStart: true },
      );
      yield* sleep(1);
      task.cancel();
      return yield* task;
    });
    expect(cancelled).to.equal('caught');
  });

  it('runScoped() throws such a cancellation at the next await of a future in the body, if there is one', async () => {
    let end!: () => void;
    const native = new Promise<void>((resolve) => (end = resolve));
    const task = loop.createTask(function* () {
      return yield* slowly(async () => {
        await native;
        try {
          await sleep(100);
        } catch (thrown) {
          log.push(String(thrown));
        }
        return 'caught';
      });
    });
    loop.callLater(1, () => {
      task.cancel('late');
      end();
    });
    expect(await loop.runUntilComplete(task)).to.equal('caught');
    expect(log).to.deep.equal(['enter', 'CancelledError: late', 'exit null', 'left']);
  });

  it('runScoped() of a body that outlives its loop does no harm', async () => {
    let end!: () => void;
    const native = new Promise<void>((resolve) => (end = resolve));
    loop.createTask(function* () {
      yield* atOnce(async () => native);
    });
    await loop.runUntilComplete(async () => sleep(1));
    loop.setExceptionHandler(() => undefined);
    loop.close();
    end();
    await new Promise(setImmediate);
  });

  it('runScoped() works outside of a task, too', async () => {
    const ran = loop.runForever();
    loop.callSoon(() => {
      void slowly(asyncBody).then((result) => {
        log.push(result);
        loop.stop();
      });
    });
    await ran;
    expect(log).to.deep.equal(['enter', 'body of scope', 'exit null', 'left', 'result']);
  });

  it('runScoped() refuses a body that is no function, and to run outside of a running loop', async () => {
    for (const body of [null, undefined, 5, {}, Promise.resolve()]) {
      expect(() => atOnce(body as never)).to.throw(
        TypeError,
        'An async function or a generator function is required',
      );
    }
    expect(() => atOnce(generatorBody))
      .to.throw(LoopStateError)
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
    const error = await rejection(slowly(asyncBody));
    expect(error).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_NO_RUNNING_LOOP');
  });
});
