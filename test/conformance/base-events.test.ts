/* eslint-disable require-yield -- a coroutine need not wait for anything */
import {
  type BaseEventLoop,
  ensureFuture,
  type ExceptionContext,
  type ExceptionHandler,
  Handle,
  KeyboardInterrupt,
  LoopStateError,
  sleep,
  SystemExit,
  Task,
  TimerHandle,
  BaseEventLoop as Loop,
  VirtualHost,
} from '@ringloop/core';
import { expect } from 'chai';
import sinon from 'sinon';
import { collectGarbage } from '../core/collect-garbage.js';
import { FakeExecutor } from '../core/fake-executor.js';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from '../core/virtual-loop.js';
import { KINDS } from './coroutine-kinds.js';
import { PollingLoop } from './polling-loop.js';
import { runBriefly } from './run-briefly.js';

// Cases of CPython's test_base_events.py (PSF License Version 2). The facts are theirs, the text is ours.

class ZeroDivisionError extends Error {
  override readonly name = 'ZeroDivisionError';
}

function zeroError(): never {
  throw new ZeroDivisionError('division by zero');
}

describe('conformance/base-events', () => {
  let loop: BaseEventLoop;
  let log: unknown[];
  const note = (what: unknown): void => void log.push(what);

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  afterEach(() => {
    sinon.restore();
    if (loop.isRunning() || loop.isClosed()) return;
    loop.setExceptionHandler(() => undefined);
    loop.close();
  });

  describe('closing', () => {
    it('BaseEventLoopTests.test_close: can be repeated, and a closed loop runs nothing', async () => {
      expect(loop.isClosed()).to.equal(false);
      for (let times = 0; times < 3; times++) {
        loop.close();
        expect(loop.isClosed()).to.equal(true);
      }
      const future = loop.createFuture();
      for (const run of [() => loop.runForever(), () => loop.runUntilComplete(future)]) {
        expect(await rejection(run()))
          .to.be.instanceOf(LoopStateError)
          .with.property('message', 'Event loop is closed');
      }
    });

    it('BaseEventLoopTests.test_create_task_error_closes_coro: a coroutine refused by a closed loop never begins', () => {
      loop.close();
      const begun = sinon.spy();
      expect(() => ensureFuture(begun as () => Promise<void>, { loop })).to.throw(LoopStateError);
      const generator = (function* (): Generator<unknown, void, never> {
        log.push('begun');
      })();
      expect(() => ensureFuture(generator, { loop })).to.throw(LoopStateError);
      expect([begun.called, log]).to.deep.equal([false, []]);
    });
  });

  describe('calls', () => {
    it('BaseEventLoopTests.test__add_callback_handle: a handle that is queued runs in the next iteration', async () => {
      loop.callSoon(note, 'ran');
      expect(log).to.deep.equal([]);
      await runOnce(loop);
      expect(log).to.deep.equal(['ran']);
    });

    it('BaseEventLoopTests.test__add_callback_cancelled_handle: one that is cancelled does not', async () => {
      loop.callSoon(note, 'ran').cancel();
      await runOnce(loop);
      expect(log).to.deep.equal([]);
    });

    it('BaseEventLoopTests.test_call_soon: gives a handle', () => {
      expect(loop.callSoon(note, 'ran')).to.be.instanceOf(Handle).and.not.instanceOf(TimerHandle);
    });

    it('BaseEventLoopTests.test_call_soon_non_callable: what cannot be called is refused, in debug mode or not', () => {
      for (const debug of [true, false]) {
        loop.setDebug(debug);
        expect(() => loop.callSoon(1 as never)).to.throw(
          TypeError,
          'a callable object was expected by callSoon(), got 1',
        );
      }
    });

    it('BaseEventLoopWithSelectorTests.test_call_coroutine: no coroutine function and no coroutine is a callback', () => {
      const executor = new FakeExecutor();
      loop.setDefaultExecutor(executor);
      async function asynchronous(): Promise<void> {
        await sleep(0);
      }
      function* generator(): Generator<unknown, void> {
        yield;
      }
      for (const coroutine of [asynchronous, generator, generator()] as never[]) {
        expect(() => loop.callSoon(coroutine)).to.throw(TypeError);
        expect(() => loop.callSoonThreadsafe(coroutine)).to.throw(TypeError);
        expect(() => loop.callLater(60, coroutine)).to.throw(TypeError);
        expect(() => loop.callAt(loop.time() + 60, coroutine)).to.throw(TypeError);
      }
    });

    it('BaseEventLoopTests.test_call_later: gives a timer handle that does not run yet; null is no delay', async () => {
      const handle = loop.callLater(10, note, 'ran');
      expect(handle).to.be.instanceOf(TimerHandle);
      await runOnce(loop);
      expect(log).to.deep.equal([]);
      expect(() => loop.callLater(null as never, note, 'ran')).to.throw(TypeError, 'delay must be a number');
    });

    it('BaseEventLoopTests.test_call_later_negative_delays: they are due already, the longest overdue first', async () => {
      loop.callLater(-1, note, 'a');
      loop.callLater(-2, note, 'b');
      await runBriefly(loop);
      expect(log).to.deep.equal(['b', 'a']);
    });

    it('BaseEventLoopTests.test_time_and_call_at: runs at its time; null is no time', async () => {
      loop = new Loop(); // with the clock of the machine
      const delay = 0.1;
      loop.callAt(loop.time() + delay, () => loop.stop());
      const started = loop.time();
      await loop.runForever();
      expect(loop.time() - started).to.be.within(delay - 1e-3, delay + 0.4);
      expect(() => loop.callAt(null as never, note, 'ran')).to.throw(TypeError, 'when must be a number');
    });

    it('ran ordering: callbacks first, then the timers that are due by time; a timer of 0 s waits for the next look at the clock', async () => {
      const now = loop.time();
      loop.callAt(now - 1, note, 'timer-1');
      loop.callAt(now - 2, note, 'timer-2');
      loop.callSoon(() => {
        note('soon');
        loop.callLater(0, note, 'a');
        loop.callSoon(note, 'b');
      });
      loop.callLater(0, note, 'later0');
      await runBriefly(loop);
      await runBriefly(loop);
      expect(log).to.deep.equal(['soon', 'timer-2', 'timer-1', 'later0', 'b', 'a']);
    });

    it('ran ten-equal: ten timers of one time run once each, here in the order scheduled', async () => {
      const when = loop.time() + 1;
      const numbers = Array.from({ length: 10 }, (_, index) => index);
      for (const number of numbers) loop.callAt(when, note, number);
      await loop.runUntilComplete(() => sleep(2));
      expect(log).to.deep.equal(numbers);
    });
  });

  describe('iterations', () => {
    it('BaseEventLoopTests.test__run_once: sleeps until the first timer that is not cancelled', async () => {
      const polling = PollingLoop.create();
      const start = polling.time();
      polling.callLater(5, note, 'cancelled').cancel();
      polling.callLater(10, () => {
        note('live');
        polling.stop();
      });
      await polling.runForever();
      expect([log, polling.sleeps, polling.polls]).to.deep.equal([['live'], [start + 10], 2]);
    });

    it('BaseEventLoopTests.test__run_once_schedule_handle: what a due timer schedules waits for the next iteration', async () => {
      loop.callAt(loop.time() - 1, () => {
        note('timer');
        loop.callSoon(note, 'scheduled by it');
        loop.callSoon(() => loop.stop());
      });
      await runOnce(loop); // its stop comes before the timer, and the rest of the iteration still runs
      expect(log).to.deep.equal(['timer']);
      await runOnce(loop);
      expect(log).to.deep.equal(['timer', 'scheduled by it']);
    });

    it('BaseEventLoopTests.test__run_once_cancelled_event_cleanup: many cancelled timers neither run nor keep others from it', async () => {
      loop.callLater(3000, note, 'kept');
      for (let count = 0; count < 2; count++) loop.callLater(3600, note, 'cancelled').cancel();
      for (let count = 0; count < 2; count++) loop.callLater(100, note, 'cancelled').cancel();
      await runBriefly(loop);
      for (let count = 0; count < 49; count++) loop.callLater(3600, note, 'also kept');
      for (let count = 0; count < 51; count++) loop.callLater(3600, note, 'cancelled').cancel();
      await runBriefly(loop);
      await loop.runUntilComplete(() => sleep(4000));
      expect(log).to.deep.equal(['kept', ...Array.from({ length: 49 }, () => 'also kept')]);
    });

    it('BaseEventLoopTests.test_run_once: call_soon(stop) and run_forever() is one iteration', async () => {
      loop.callSoon(note, 'ran');
      await runOnce(loop);
      expect(log).to.deep.equal(['ran']);
    });

    it('BaseEventLoopTests.test_run_forever_pre_stopped: a loop stopped before it runs polls once and does not sleep', async () => {
      const polling = PollingLoop.create();
      polling.callLater(5, note, 'timer');
      polling.stop();
      await polling.runForever();
      expect([polling.polls, polling.sleeps, log]).to.deep.equal([1, [], []]);
    });

    it('BaseEventLoopTests.test_single_selecter_event_callback_after_stopping: an event that stays is seen once a run', async () => {
      const polling = PollingLoop.create();
      let eventIsThere = true;
      let calls = 0;
      let doer: Handle | null = null;
      polling.onPoll = () => {
        if (!eventIsThere) return;
        doer = polling.callSoon(() => {
          calls++;
          polling.callSoon(() => {
            doer?.cancel(); // the one of the next run, whose poll has seen the event again
            eventIsThere = false;
          });
        });
      };
      for (let run = 1; run <= 2; run++) {
        polling.callSoon(polling.stop);
        await polling.runForever();
        expect(calls, `run ${run}`).to.equal(1);
      }
    });
  });

  describe('stop()', () => {
    // Table 0.1 of the contract: what CPython 3.4.3 does, and the documentation promises. Each letter notes that it ran.
    const letter = (name: string) => (): void => note(name);

    async function runTwice(): Promise<string[]> {
      const runs: string[] = [];
      for (let run = 0; run < 2; run++) {
        await (run === 0 ? loop.runForever() : runOnce(loop));
        runs.push(log.splice(0).join(''));
      }
      return runs;
    }

    it('seed-stop 1: a callback scheduled after stop() waits for the next run', async () => {
      loop.callSoon(letter('A'));
      loop.stop();
      loop.callSoon(letter('B'));
      expect(await runTwice()).to.deep.equal(['A', 'B']);
    });

    it('seed-stop 2: what a callback schedules before its stop() still runs, behind what was queued', async () => {
      loop.callSoon(() => {
        note('X');
        loop.callSoon(letter('W'));
        loop.stop();
        loop.callSoon(letter('Z'));
      });
      loop.callSoon(letter('Y'));
      expect(await runTwice()).to.deep.equal(['XYW', 'Z']);
    });

    it('seed-stop 3: what is scheduled before the callback stop runs, runs as well', async () => {
      loop.callSoon(() => loop.callSoon(letter('N')));
      loop.callSoon(loop.stop);
      expect(await runTwice()).to.deep.equal(['N', '']);
    });

    it('seed-stop batch: what CPython does since 3.4.4 can be had', async () => {
      const scripts: [(to: BaseEventLoop) => void, string[]][] = [
        [
          (to) => {
            to.callSoon(letter('A'));
            to.stop();
            to.callSoon(letter('B'));
          },
          ['AB', ''],
        ],
        [
          (to) => {
            to.callSoon(() => {
              note('X');
              to.callSoon(letter('W'));
              to.stop();
              to.callSoon(letter('Z'));
            });
            to.callSoon(letter('Y'));
          },
          ['XY', 'WZ'],
        ],
        [
          (to) => {
            to.callSoon(() => to.callSoon(letter('N')));
            to.callSoon(to.stop);
          },
          ['', 'N'],
        ],
        [
          (to) => {
            to.callSoon(() => {
              note('X');
              to.stop();
              to.callSoon(letter('Z'));
            });
            to.callSoon(letter('Y'));
          },
          ['XY', 'Z'],
        ],
      ];
      for (const [script, runs] of scripts) {
        loop = jumpingLoop({ stopMode: 'batch' });
        script(loop);
        expect(await runTwice()).to.deep.equal(runs);
      }
    });

    it('seed-stop 4: what is scheduled after stop() within a callback waits, what was queued behind it runs', async () => {
      loop.callSoon(() => {
        note('X');
        loop.stop();
        loop.callSoon(letter('Z'));
      });
      loop.callSoon(letter('Y'));
      expect(await runTwice()).to.deep.equal(['XY', 'Z']);
    });
  });

  describe('run_until_complete()', () => {
    it('BaseEventLoopTests.test_run_until_complete_type_error: takes no string', async () => {
      expect(await rejection(loop.runUntilComplete('blah' as never))).to.be.instanceOf(TypeError);
    });

    it('BaseEventLoopTests.test_run_until_complete_loop: takes no future of another loop', async () => {
      const foreign = jumpingLoop().createFuture();
      expect(await rejection(loop.runUntilComplete(foreign)))
        .to.be.instanceOf(LoopStateError)
        .with.property('code', 'ERR_OTHER_LOOP');
    });

    it('BaseEventLoopTests.test_run_until_complete_loop_orphan_future_close_loop: a run that SystemExit ended leaves nothing that ends the next', async () => {
      const exit = new SystemExit(1);
      loop.callSoon(() => {
        throw exit;
      });
      expect(await rejection(loop.runUntilComplete(() => sleep(0.1)))).to.equal(exit);
      const started = loop.time();
      await loop.runUntilComplete(() => sleep(0.2)); // the first sleep ends in here
      expect(loop.time() - started).to.be.closeTo(0.2, 1e-9);
    });

    it('BaseEventLoopTests.test_run_forever_keyboard_interrupt: who gets the error need not be told by the exception handler', async () => {
      const reports = reportsOf(loop);
      for (const raise of [
        function* (): Generator<unknown, void, never> {
          throw new KeyboardInterrupt();
        },
        async (): Promise<void> => {
          throw new KeyboardInterrupt();
        },
      ]) {
        expect(await rejection(loop.runUntilComplete(raise))).to.be.instanceOf(KeyboardInterrupt);
      }
      loop.close();
      await collectGarbage(() => false, 3);
      expect(reports).to.deep.equal([]);
    });

    it('BaseEventLoopTests.test_run_until_complete_baseexception: leaves no stop behind', async () => {
      expect(
        await rejection(
          loop.runUntilComplete(function* () {
            throw new KeyboardInterrupt();
          }),
        ),
      ).to.be.instanceOf(KeyboardInterrupt);
      loop.callSoon(() =>
        loop.callSoon(() => {
          loop.stop();
          note('ran');
        }),
      );
      await loop.runForever();
      expect(log).to.deep.equal(['ran']);
    });

    it('RunningLoopTests.test_running_loop_within_a_loop: a second loop is refused, and the first one goes on', async () => {
      const inner = jumpingLoop();
      const error = await loop.runUntilComplete(async () => {
        const refusal = await rejection(inner.runForever());
        expect(loop.isRunning()).to.equal(true); // CPython 3.13.0 forgot it
        await sleep(1);
        return refusal;
      });
      expect(error)
        .to.be.instanceOf(LoopStateError)
        .with.property('message', 'Cannot run the event loop while another loop is running');
      expect([inner.isRunning(), loop.time()]).to.deep.equal([false, 1]);
    });
  });

  describe('debug mode', () => {
    const before = process.env.RINGLOOP_DEBUG;

    afterEach(() => {
      if (before === undefined) delete process.env.RINGLOOP_DEBUG;
      else process.env.RINGLOOP_DEBUG = before;
    });

    it('BaseEventLoopTests.test_set_debug: switches it on and off', () => {
      for (const enabled of [true, false]) {
        loop.setDebug(enabled);
        expect(loop.getDebug()).to.equal(enabled);
      }
    });

    it('BaseEventLoopTests.test_env_var_debug: RINGLOOP_DEBUG that is not empty switches it on', () => {
      const debugWith = (value: string | undefined): boolean => {
        if (value === undefined) delete process.env.RINGLOOP_DEBUG;
        else process.env.RINGLOOP_DEBUG = value;
        return jumpingLoop().getDebug();
      };
      expect([undefined, '', '1'].map(debugWith)).to.deep.equal([false, false, true]);
    });
  });

  describe('default executor', () => {
    it('BaseEventLoopTests.test_set_default_executor: takes what has submit()', () => {
      const executor = new FakeExecutor();
      loop.setDefaultExecutor(executor);
      loop.runInExecutor(null, note, 'ran').cancel();
      expect(executor.jobs).to.have.length(1);
    });

    it('BaseEventLoopTests.test_shutdown_default_executor_timeout: warns of an executor that takes longer than it may', async () => {
      const warned = sinon.stub(process, 'emitWarning');
      const executor = new FakeExecutor();
      const shutdown = sinon
        .stub(executor, 'shutdown')
        .callsFake(({ wait = true } = {}) => (wait ? new Promise(() => undefined) : Promise.resolve()));
      loop.setDefaultExecutor(executor);
      await loop.runUntilComplete(() => loop.shutdownDefaultExecutor({ timeout: 0.01 }));
      expect(warned.firstCall.args).to.deep.equal([
        'The executor did not finish joining its threads within 0.01 seconds.',
        'RuntimeWarning',
      ]);
      expect(shutdown.args).to.deep.equal([[{ wait: true }], [{ wait: false }]]);
    });

    it('BaseEventLoopTests.test_set_default_executor_error: refuses anything else and keeps what it had', () => {
      const executor = new FakeExecutor();
      loop.setDefaultExecutor(executor);
      expect(() => loop.setDefaultExecutor({} as never)).to.throw(TypeError);
      loop.runInExecutor(null, note, 'ran').cancel();
      expect(executor.jobs).to.have.length(1);
    });
  });

  describe('debug mode’s stopwatch', () => {
    for (const { kind, coroutine } of KINDS) {
      it(`BaseEventLoopWithSelectorTests.test_log_slow_callbacks: names the handle or the task, and how long it took, ${kind}`, async () => {
        const warned = sinon.stub(console, 'warn');
        const warnings = (): string[] => warned.args.map(([text]) => String(text));
        loop.setDebug(true);
        loop.slowCallbackDuration = 0;
        loop.callSoon(function stopLoopCallback() {
          loop.stop();
        });
        await loop.runForever();
        expect(
          warnings().some((text) => /^Executing <Handle.*stopLoopCallback.*> took .* seconds$/.test(text)),
        ).to.equal(true);
        warned.resetHistory();
        ensureFuture(
          coroutine(function* () {
            loop.stop();
          }),
          { loop },
        );
        await loop.runForever();
        expect(warnings().some((text) => /^Executing <Task.*> took .* seconds$/.test(text))).to.equal(true);
      });
    }
  });

  describe('exception handlers', () => {
    let printed: sinon.SinonStub;
    const lastLine = (): string => String(printed.lastCall.args[0]);

    beforeEach(() => {
      printed = sinon.stub(console, 'error');
    });

    it('BaseEventLoopTests.test_default_exc_handler_callback: prints what a callback throws, queued or timed', async () => {
      for (const schedule of [
        (fn: () => void) => loop.callSoon(fn),
        (fn: () => void) => loop.callLater(0.01, fn),
      ]) {
        printed.resetHistory();
        const future = loop.createFuture<boolean>();
        schedule(function zero() {
          future.setResult(true);
          zeroError();
        });
        future.addDoneCallback(() => loop.stop());
        await loop.runForever();
        expect(printed.callCount).to.equal(1);
        expect(lastLine())
          .to.match(/^Exception in callback .*zero\(/)
          .and.include('ZeroDivisionError');
      }
    });

    it('BaseEventLoopTests.test_default_exc_handler_coro: prints the exception of a task that nobody asked, once it is collected', async function () {
      this.slow(1000);
      const start = (): void => {
        const task = loop.createTask(function* () {
          yield* sleep(0.01);
          zeroError();
        });
        task.addDoneCallback(() => loop.stop());
      };
      start();
      await loop.runForever();
      await collectGarbage(() => printed.called);
      expect(lastLine())
        .to.match(/^Task exception was never retrieved/)
        .and.include('ZeroDivisionError');
    });

    it('BaseEventLoopTests.test_set_exc_handler_invalid: takes a function or null', () => {
      expect(() => loop.setExceptionHandler('spam' as never)).to.throw(
        TypeError,
        'A callable object or null',
      );
    });

    it('BaseEventLoopTests.test_set_exc_handler_custom: gets the whole context, until null brings the default back', async () => {
      loop.setDebug(true);
      expect(loop.getExceptionHandler()).to.equal(null);
      const handler = sinon.spy<ExceptionHandler>(() => undefined);
      loop.setExceptionHandler(handler);
      expect(loop.getExceptionHandler()).to.equal(handler);
      const handle = loop.callSoon(zeroError);
      await runOnce(loop);
      expect(handler.callCount).to.equal(1);
      const [toldLoop, { message, exception, ...rest }] = handler.firstCall.args;
      expect(toldLoop).to.equal(loop);
      expect(message).to.match(/^Exception in callback .*zeroError/);
      expect(exception).to.be.instanceOf(ZeroDivisionError);
      expect(rest).to.have.all.keys('handle', 'sourceTraceback');
      expect([rest.handle, rest.sourceTraceback]).to.deep.equal([handle, handle.sourceTraceback]);

      loop.setExceptionHandler(null);
      loop.callSoon(zeroError);
      await runOnce(loop);
      expect(handler.callCount).to.equal(1);
      expect(lastLine()).to.match(/^Exception in callback .*zero/);
    });

    it('BaseEventLoopTests.test_set_exc_handler_broken: what a handler throws goes to the default one', async () => {
      loop.setExceptionHandler(() => {
        throw new TypeError('spam');
      });
      loop.callSoon(zeroError);
      await runOnce(loop);
      expect(lastLine())
        .to.match(/^Unhandled error in exception handler/)
        .and.include('TypeError: spam');
    });

    it('BaseEventLoopTests.test_default_exc_handler_broken: what the default handler throws is printed, with whose fault it was', async () => {
      const contexts: (ExceptionContext & { context?: ExceptionContext })[] = [];
      class Broken extends Loop {
        override defaultExceptionHandler(context: ExceptionContext): void {
          contexts.push(context);
          throw new RangeError('spam');
        }
      }
      const broken = new Broken({ host: new VirtualHost({ autojump: true }) });
      broken.callSoon(zeroError);
      await runOnce(broken);
      expect(lastLine().split('\n')[0]).to.equal('Exception in default exception handler');

      broken.setExceptionHandler(() => {
        throw new RangeError('ham');
      });
      broken.callSoon(zeroError);
      await runOnce(broken);
      expect(lastLine().split('\n')[0]).to.match(
        /^Exception in default exception.*while handling.*in custom/,
      );
      expect(contexts.at(-1)?.context?.exception).to.be.instanceOf(ZeroDivisionError);
    });
  });

  describe('tasks', () => {
    class MyTask<T> extends Task<T> {}

    it('BaseEventLoopTests.test_set_task_factory_invalid: takes a function or null, and keeps what it had', () => {
      expect(() => loop.setTaskFactory(1 as never)).to.throw(
        TypeError,
        'task factory must be a callable or null',
      );
      expect(loop.getTaskFactory()).to.equal(null);
    });

    it('BaseEventLoopTests.test_set_task_factory: makes the tasks, until null brings the default back', async () => {
      const factory: ReturnType<BaseEventLoop['getTaskFactory']> = (of, coroutine, options) =>
        new MyTask(coroutine, of, options);
      expect(loop.getTaskFactory()).to.equal(null);
      loop.setTaskFactory(factory);
      expect(loop.getTaskFactory()).to.equal(factory);
      const mine = loop.createTask(() => sleep(0));
      expect(mine).to.be.instanceOf(MyTask);
      await loop.runUntilComplete(mine);

      loop.setTaskFactory(null);
      expect(loop.getTaskFactory()).to.equal(null);
      const ordinary = loop.createTask(() => sleep(0));
      expect(ordinary).to.be.instanceOf(Task).and.not.instanceOf(MyTask);
      await loop.runUntilComplete(ordinary);
    });

    it('BaseEventLoopTests.test_create_task: ensureFuture() asks the loop, whose createTask() can be overridden', async () => {
      class MyLoop extends Loop {
        override createTask<T>(...args: Parameters<Loop['createTask']>): Task<T> {
          return new MyTask(args[0], this, args[1]) as unknown as Task<T>; // the parameters have lost their T
        }
      }
      const mine = new MyLoop({ host: new VirtualHost({ autojump: true }) });
      const task = ensureFuture(() => sleep(0), { loop: mine });
      expect(task).to.be.instanceOf(MyTask);
      await mine.runUntilComplete(task);
    });

    it('BaseEventLoopTests.test_create_named_task_with_default_factory: the task has the name', async () => {
      const task = loop.createTask(() => sleep(0), { name: 'test_task' });
      expect(task.getName()).to.equal('test_task');
      await loop.runUntilComplete(task);
    });

    it('BaseEventLoopTests.test_create_named_task_with_custom_factory: a factory is handed the name', async () => {
      loop.setTaskFactory((of, coroutine, options) => new Task(coroutine, of, options));
      const task = loop.createTask(() => sleep(0), { name: 'test_task' });
      expect(task.getName()).to.equal('test_task');
      await loop.runUntilComplete(task);
    });
  });
});
