/* eslint-disable require-yield -- a coroutine need not wait for anything */
import { inspect } from 'node:util';
import {
  type BaseEventLoop,
  CancelledError,
  ensureFuture,
  type ExceptionContext,
  Future,
  InvalidStateError,
  isFuture,
  sleep,
  Task,
} from '@ringloop/core';
import { ConcurrentFuture, wrapFuture } from '@ringloop/threadsafe';
import { expect } from 'chai';
import sinon from 'sinon';
import { collectGarbage } from '../core/collect-garbage.js';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf } from '../core/virtual-loop.js';
import { doNothing, runBriefly } from './run-briefly.js';

// Cases of CPython's test_futures.py and test_futures2.py (PSF License Version 2). The facts are theirs, the text is ours.

describe('conformance/futures', () => {
  let loop: BaseEventLoop;
  let future: Future<unknown>;

  beforeEach(() => {
    loop = jumpingLoop({ debug: false });
    future = loop.createFuture();
  });

  afterEach(() => {
    loop.setExceptionHandler(() => undefined); // what closing reports is another case's business
    loop.close();
  });

  describe('state', () => {
    it('BaseFutureTests.test_isfuture: futures and tasks are, classes, thenables and anything else are not', () => {
      const task = loop.createTask(doNothing);
      expect([future, task].map(isFuture)).to.deep.equal([true, true]);
      const others = [Future, Task, 1, 'future', null, undefined, {}, Promise.resolve(), sinon.mock()];
      expect(others.map(isFuture)).to.deep.equal(others.map(() => false));
    });

    it('BaseFutureTests.test_initial_state: neither done nor cancelled, until cancel()', () => {
      expect([future.cancelled(), future.done()]).to.deep.equal([false, false]);
      future.cancel();
      expect(future.cancelled()).to.equal(true);
    });

    it('BaseFutureTests.test_constructor_use_running_loop: a future belongs to the loop that made it', async () => {
      const made = await loop.runUntilComplete(function* () {
        return [loop.createFuture()];
      });
      expect(made[0]?.getLoop()).to.equal(loop);
    });

    it('BaseFutureTests.test_future_cancel_message_getter: the CancelledError carries the message of cancel()', async () => {
      future.cancel('my message');
      const error = await rejection(loop.runUntilComplete(future));
      expect(error).to.be.instanceOf(CancelledError).with.property('message', 'my message');
    });

    it('BaseFutureTests.test_cancel: a cancelled future is done, gives CancelledError, and takes nothing more', () => {
      expect(future.cancel()).to.equal(true);
      expect([future.cancelled(), future.done()]).to.deep.equal([true, true]);
      expect(() => future.result()).to.throw(CancelledError);
      expect(() => future.exception()).to.throw(CancelledError);
      expect(() => future.setResult(null)).to.throw(InvalidStateError);
      expect(() => future.setException(new Error())).to.throw(InvalidStateError);
      expect(future.cancel()).to.equal(false);
    });

    it('BaseFutureTests.test_result: the result is there once it is set, and is set once', () => {
      expect(() => future.result()).to.throw(InvalidStateError, 'Result is not ready.');
      future.setResult(42);
      expect([future.cancelled(), future.done(), future.result(), future.exception()]).to.deep.equal([
        false,
        true,
        42,
        null,
      ]);
      expect(() => future.setResult(null)).to.throw(InvalidStateError);
      expect(() => future.setException(new Error())).to.throw(InvalidStateError);
      expect(future.cancel()).to.equal(false);
    });

    it('BaseFutureTests.test_exception: the exception is there once it is set, and result() throws it', () => {
      const exc = new RangeError('mine');
      expect(() => future.exception()).to.throw(InvalidStateError, 'Exception is not set.');
      future.setException(exc);
      expect([future.cancelled(), future.done()]).to.deep.equal([false, true]);
      expect(() => future.result()).to.throw(exc as unknown as typeof RangeError); // chai compares the instance
      expect(future.exception()).to.equal(exc);
      expect(() => future.setResult(null)).to.throw(InvalidStateError);
      expect(() => future.setException(new Error())).to.throw(InvalidStateError);
      expect(future.cancel()).to.equal(false);
    });

    it('BaseFutureTests.test_exception_class: what is no Error, a class of errors included, becomes the cause of one', () => {
      future.setException(RangeError);
      expect(future.exception()).to.be.instanceOf(Error).with.property('cause', RangeError);
    });

    it('BaseFutureTests.test_future_repr: shows the state, the result or the exception, and in debug mode the creator', () => {
      loop.setDebug(true);
      expect(inspect(loop.createFuture())).to.match(
        /^<Future pending created at .*conformance.futures\.test\.(ts|js):\d+:\d+>$/,
      );
      loop.setDebug(false);
      const shown = (settle: (future: Future<unknown>) => unknown): string => {
        const each = loop.createFuture();
        settle(each);
        return inspect(each);
      };
      expect(shown(() => undefined)).to.equal('<Future pending>');
      expect(shown((each) => each.cancel())).to.equal('<Future cancelled>');
      expect(shown((each) => each.setResult(4))).to.equal('<Future finished result=4>');
      expect(shown((each) => each.setException(new RangeError('mine')))).to.equal(
        "<Future finished exception=RangeError('mine')>",
      );
    });

    it('BaseFutureTests.test_future_source_traceback: in debug mode its first line is where it was created', () => {
      expect(future.sourceTraceback).to.equal(undefined);
      loop.setDebug(true);
      const created = function createsTheFuture(): Future<unknown> {
        return loop.createFuture();
      };
      expect(created().sourceTraceback).to.match(
        /^\s+at createsTheFuture \(.*conformance.futures\.test\.(ts|js):/,
      );
    });

    it('FutureReprTests.test_recursive_repr_for_pending_tasks: a result that leads back to its task can be shown', async () => {
      const task: Task<Set<unknown>> = loop.createTask(function* () {
        return new Set<unknown>([task, loop.createTask(() => Promise.resolve())]);
      });
      await loop.runUntilComplete(task);
      expect(inspect(task))
        .to.match(/^<Task finished /)
        .and.to.have.length.below(1000);
    });
  });

  describe('waiting', () => {
    it('BaseFutureTests.test_yield_from_twice: the second yield* of a future that is done does not yield', () => {
      const generator = (function* fixture(): Generator<unknown, void> {
        yield 'A';
        const x = yield* future;
        yield ['B', x];
        const y = yield* future;
        yield ['C', y];
      })();
      expect(generator.next().value).to.equal('A');
      expect(generator.next().value).to.equal(future);
      future.setResult(42);
      expect(generator.next().value).to.deep.equal(['B', 42]);
      expect(generator.next().value).to.deep.equal(['C', 42]);
    });

    it('BaseFutureTests.test_iter: who goes on without having waited is told so', () => {
      function* coroutine(): Generator<unknown, void> {
        yield* future;
      }
      expect(() => [...coroutine()]).to.throw(InvalidStateError);
    });

    it('BaseFutureTests.test_future_stop_iteration_args: a tuple is one result', () => {
      future.setResult([1, 2]);
      expect(future[Symbol.iterator]().next()).to.deep.equal({ done: true, value: [1, 2] });
    });

    it('BaseFutureTests.test_future_iter_throw: what is thrown into the wait comes out of it', () => {
      const waiting = future[Symbol.iterator]();
      waiting.next();
      expect(() => waiting.throw(new Error('zebra'))).to.throw('zebra');
      expect(future.done()).to.equal(false);
    });

    it('BaseFutureTests.test_set_result_unless_cancelled: the alarm of a sleep that was cancelled changes nothing', async () => {
      const reports = reportsOf(loop);
      await loop.runUntilComplete(function* () {
        const sleeping = sleep(1);
        if (sleeping instanceof Future) sleeping.cancel(); // a sleep of more than 0 s is one
        yield* sleep(2);
      });
      expect(reports).to.deep.equal([]);
    });

    it('FutureTests.test_future_traceback: waiting again and again for a failed task does not lengthen its stack', async () => {
      const task = loop.createTask(async () => {
        throw new TypeError('42');
      });
      const stacks = await loop.runUntilComplete(async () => {
        const seen = new Set<string | undefined>();
        for (let times = 0; times < 5; times++) seen.add((await rejection(task)).stack);
        return seen;
      });
      expect(stacks.size).to.equal(1);
    });

    it('DuckTests.test_ensure_future: a thenable is not taken for a future but followed by a task', async () => {
      const duck = {
        then(onFulfilled: (value: string) => void): void {
          onFulfilled('quack');
        },
      };
      const followed = ensureFuture(duck as PromiseLike<string>, { loop });
      expect(followed).to.be.instanceOf(Task);
      expect(await loop.runUntilComplete(followed)).to.equal('quack');
    });
  });

  describe('wrapFuture()', () => {
    let source: ConcurrentFuture<string>;
    let cancelRemote: sinon.SinonSpy;

    beforeEach(() => {
      cancelRemote = sinon.spy();
      source = new ConcurrentFuture({ inboxId: '', cancelCall: cancelRemote, waitFor: () => true }, 1);
    });

    it('BaseFutureTests.test_wrap_future: ends as the other one does', async () => {
      const wrapped = wrapFuture(source, { loop });
      expect([isFuture(wrapped), wrapped.getLoop()]).to.deep.equal([true, loop]);
      loop.callSoon(() => source.settleWith('finished', 'oi'));
      expect(await loop.runUntilComplete(wrapped)).to.equal('oi');
    });

    it('BaseFutureTests.test_wrap_future_cancel: cancelling it cancels the other one', async () => {
      const wrapped = wrapFuture(source, { loop });
      wrapped.cancel();
      await runBriefly(loop);
      expect([source.cancelled(), wrapped.cancelled(), cancelRemote.callCount]).to.deep.equal([
        true,
        true,
        1,
      ]);
    });

    it('BaseFutureTests.test_wrap_future_cancel2: what is done is not cancelled, and neither is what it came from', async () => {
      const wrapped = wrapFuture(source, { loop });
      source.settleWith('finished', 'done');
      expect(wrapped.cancel()).to.equal(false); // CPython's hears of it an iteration later and can still be cancelled
      await runBriefly(loop);
      expect([source.cancelled(), source.result(), cancelRemote.callCount]).to.deep.equal([false, 'done', 0]);
    });
  });

  describe('done callbacks', () => {
    let bag: number[];
    const append = (thing: number) => (): void => void bag.push(thing);

    beforeEach(() => {
      bag = [];
    });

    /** Adds callbacks for 42, 17 and 100, removes those at the given places, and settles the future. */
    async function bagAfterRemoving(...places: number[]): Promise<number[]> {
      const callbacks = [42, 17, 100].map(append);
      for (const callback of callbacks) future.addDoneCallback(callback);
      for (const place of places) future.removeDoneCallback(callbacks[place]!); // places are 0 to 2
      expect(bag).to.deep.equal([]);
      future.setResult('foo');
      expect(bag).to.deep.equal([]);
      await runBriefly(loop);
      expect(future.result()).to.equal('foo');
      return bag;
    }

    it('BaseFutureDoneCallbackTests.test_callbacks_remove_first_callback: the others run, and removing twice is harmless', async () => {
      expect(await bagAfterRemoving(0, 0)).to.deep.equal([17, 100]);
    });

    it('BaseFutureDoneCallbackTests.test_callbacks_remove_first_and_second_callback: the third runs', async () => {
      expect(await bagAfterRemoving(0, 1, 0)).to.deep.equal([100]);
    });

    it('BaseFutureDoneCallbackTests.test_callbacks_remove_third_callback: the first two run', async () => {
      expect(await bagAfterRemoving(2, 2)).to.deep.equal([42, 17]);
    });

    it('BaseFutureDoneCallbackTests.test_callbacks_invoked_on_set_result: in the order in which they were added', async () => {
      expect(await bagAfterRemoving()).to.deep.equal([42, 17, 100]);
    });

    it('BaseFutureDoneCallbackTests.test_callbacks_invoked_on_set_exception: they run for an exception as well', async () => {
      const exc = new RangeError();
      future.addDoneCallback(append(100));
      future.setException(exc);
      expect(bag).to.deep.equal([]);
      await runBriefly(loop);
      expect([bag, future.exception()]).to.deep.equal([[100], exc]);
    });

    it('BaseFutureDoneCallbackTests.test_remove_done_callback: removes all entries of a callback and counts them', async () => {
      const [one, two, three] = [append(1), append(2), append(3)];
      future.addDoneCallback(one);
      future.addDoneCallback(two);
      expect(future.removeDoneCallback(two)).to.equal(1);
      expect(future.removeDoneCallback(three)).to.equal(0);
      future.addDoneCallback(two);
      for (let times = 0; times < 5; times++) future.addDoneCallback(one);
      expect(future.removeDoneCallback(one)).to.equal(6);
      future.setResult('foo');
      await runBriefly(loop);
      expect(bag).to.deep.equal([2]);
    });

    it('BaseFutureDoneCallbackTests.test_schedule_callbacks_list_mutation_1: removing from within a callback comes too late', async () => {
      const late = append(7);
      const removed: number[] = [];
      future.addDoneCallback((done) => removed.push(done.removeDoneCallback(late)));
      future.addDoneCallback(late);
      future.addDoneCallback(late);
      future.setResult(1);
      await runBriefly(loop);
      expect([removed, bag]).to.deep.equal([[0], [7, 7]]); // ran on CPython 3.12.1: they are scheduled already
    });
  });

  describe('exceptions that nobody retrieved', function () {
    this.slow(1000); // full garbage collections

    let reports: ExceptionContext[];

    beforeEach(() => {
      reports = reportsOf(loop);
    });

    /** In a function of its own, so that no frame keeps the future. */
    function forget(use: (future: Future<unknown>) => unknown): void {
      use(loop.createFuture());
    }

    /** What is reported when futures have been collected: a canary tells when they have. */
    async function messages(): Promise<string[]> {
      forget((canary) => canary.setException(new Error('canary')));
      await runBriefly(loop);
      await collectGarbage(() => reports.some(({ exception }) => exception?.message === 'canary'));
      await collectGarbage(() => false, 2);
      return reports.map(({ exception }) => String(exception?.message)).filter((each) => each !== 'canary');
    }

    it('BaseFutureTests.test_tb_logger_abandoned: a pending future is dropped in silence', async () => {
      forget(() => undefined);
      expect(await messages()).to.deep.equal([]);
    });

    it('BaseFutureTests.test_tb_logger_not_called_after_cancel: who cancels a failed future knows that it is over', async () => {
      forget((failed) => {
        failed.setException(new Error('boom'));
        failed.cancel();
      });
      expect(await messages()).to.deep.equal([]);
    });

    it('BaseFutureTests.test_tb_logger_result_unretrieved: a result need not be retrieved', async () => {
      forget((finished) => finished.setResult(42));
      expect(await messages()).to.deep.equal([]);
    });

    it('BaseFutureTests.test_tb_logger_result_retrieved: nor does one that was', async () => {
      forget((finished) => {
        finished.setResult(42);
        finished.result();
      });
      expect(await messages()).to.deep.equal([]);
    });

    it('BaseFutureTests.test_tb_logger_exception_unretrieved: an exception that nobody asked for is reported', async () => {
      forget((failed) => failed.setException(new Error('boom')));
      expect(await messages()).to.deep.equal(['boom']);
    });

    it('BaseFutureTests.test_tb_logger_exception_retrieved: exception() retrieves it', async () => {
      forget((failed) => {
        failed.setException(new Error('boom'));
        failed.exception();
      });
      expect(await messages()).to.deep.equal([]);
    });

    it('BaseFutureTests.test_tb_logger_exception_result_retrieved: result() retrieves it', async () => {
      forget((failed) => {
        failed.setException(new Error('boom'));
        expect(() => failed.result()).to.throw('boom');
      });
      expect(await messages()).to.deep.equal([]);
    });

    it('BaseFutureTests.test_future_exception_never_retrieved: the report names the class and carries the exception', async () => {
      const exc = new Error('out of memory');
      forget((failed) => failed.setException(exc));
      await collectGarbage(() => reports.length > 0);
      expect(reports).to.have.length(1);
      expect(reports[0]).to.include({ message: 'Future exception was never retrieved', exception: exc });
      expect(reports[0]).to.not.have.property('sourceTraceback');
    });

    it('BaseFutureTests.test_future_exception_never_retrieved_debug: and in debug mode where it was created', async () => {
      loop.setDebug(true);
      forget((failed) => failed.setException(new Error('out of memory')));
      await collectGarbage(() => reports.length > 0);
      expect(reports).to.have.length(1);
      expect(reports[0]?.message).to.equal('Future exception was never retrieved');
      expect(reports[0]?.sourceTraceback).to.match(/^\s+at forget /);
    });
  });
});
