import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import { type BaseEventLoop, CancelledError, Future, InvalidStateError, type Task } from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from './virtual-loop.js';

describe('core/future', () => {
  let loop: BaseEventLoop;
  let future: Future<number>;
  let ran: string[];
  const note = (what: string) => (): void => void ran.push(what);

  beforeEach(() => {
    loop = jumpingLoop();
    future = loop.createFuture<number>();
    ran = [];
  });

  // CPython BaseFutureTests.test_initial_state and test_result
  it('Future is pending, then has its result for good', () => {
    expect([future.done(), future.cancelled(), future.getLoop()]).to.deep.equal([false, false, loop]);
    expect(() => future.result()).to.throw(InvalidStateError, 'Result is not ready.');
    expect(() => future.exception()).to.throw(InvalidStateError, 'Exception is not set.');
    future.setResult(42);
    expect([future.done(), future.cancelled(), future.result(), future.exception()]).to.deep.equal([
      true,
      false,
      42,
      null,
    ]);
    expect(() => future.setResult(1)).to.throw(InvalidStateError, 'finished: <Future finished result=42>');
    expect(() => future.setException(new Error('no'))).to.throw(InvalidStateError);
    expect(future.cancel()).to.equal(false);
  });

  // CPython BaseFutureTests.test_exception
  it('Future.setException() makes result() throw it', () => {
    const error = new RangeError('bad');
    future.setException(error);
    expect([future.done(), future.cancelled(), future.exception()]).to.deep.equal([true, false, error]);
    expect(() => future.result()).to.throw(error);
    expect(() => future.setResult(1)).to.throw(
      InvalidStateError,
      "failed: <Future finished exception=RangeError('bad')>",
    );
  });

  it('Future.setException() makes an Error of what is none', () => {
    future.setException('text');
    expect(future.exception()).to.deep.include({ message: "Thrown: 'text'", cause: 'text' });
  });

  // CPython BaseFutureTests.test_cancel
  it('Future.cancel() succeeds once', () => {
    expect(future.cancel('enough')).to.equal(true);
    expect([future.done(), future.cancelled(), future.cancel()]).to.deep.equal([true, true, false]);
    expect(() => future.result()).to.throw(CancelledError, 'enough');
    expect(() => future.exception()).to.throw(CancelledError, 'enough');
    expect(() => future.setResult(1)).to.throw(InvalidStateError, 'cancelled: <Future cancelled>');
  });

  // CPython BaseFutureDoneCallbackTests.test_callbacks_invoked_on_set_result
  it('Future calls its callbacks in the loop, in the order added, with itself', async () => {
    future.addDoneCallback(note('a'));
    future.addDoneCallback((done) => ran.push(`b ${String(done === future)}`));
    future.setResult(1);
    expect(ran).to.deep.equal([]);
    await runOnce(loop);
    expect(ran).to.deep.equal(['a', 'b true']);
  });

  // CPython test_callbacks_invoked_on_set_exception, test_set_result_unless_cancelled
  it('Future calls its callbacks after setException() and cancel() too', async () => {
    const other = loop.createFuture();
    future.addDoneCallback((done) => ran.push(String(done.exception()?.message)));
    other.addDoneCallback((done) => ran.push(`cancelled ${String(done.cancelled())}`));
    future.setException(new Error('boom'));
    other.cancel();
    await runOnce(loop);
    expect(ran).to.deep.equal(['boom', 'cancelled true']);
  });

  it('Future.addDoneCallback() of a done future waits for the next iteration', async () => {
    future.setResult(1);
    future.addDoneCallback(note('a'));
    expect(ran).to.deep.equal([]);
    await runOnce(loop);
    expect(ran).to.deep.equal(['a']);
  });

  // CPython test_remove_done_callback
  it('Future.removeDoneCallback() removes all entries of one callback and counts them', async () => {
    const a = note('a');
    for (const callback of [a, note('b'), a]) future.addDoneCallback(callback);
    expect([future.removeDoneCallback(a), future.removeDoneCallback(a)]).to.deep.equal([2, 0]);
    future.setResult(1);
    await runOnce(loop);
    expect(ran).to.deep.equal(['b']);
  });

  it('Future goes on with the next callback when one throws', async () => {
    const reports = reportsOf(loop);
    future.addDoneCallback(function failing() {
      throw new Error('boom');
    });
    future.addDoneCallback(note('next'));
    future.setResult(1);
    await runOnce(loop);
    expect(ran).to.deep.equal(['next']);
    expect(reports.map(({ message }) => message)).to.deep.equal([
      'Exception in callback failing(<Future finished result=1>)',
    ]);
  });

  it('Future.addDoneCallback() refuses what cannot be called', () => {
    expect(() => future.addDoneCallback(5 as never)).to.throw(
      TypeError,
      'a callable object was expected by addDoneCallback()',
    );
  });

  it('Future can be awaited outside of tasks, once its loop runs', async () => {
    const failed = loop.createFuture();
    const results = Promise.all([future, rejection(failed)]);
    loop.callSoon(() => future.setResult(1));
    loop.callSoon(() => failed.setException(new Error('boom')));
    await runOnce(loop);
    await runOnce(loop);
    const [value, error] = await results;
    expect([value, error.message]).to.deep.equal([1, 'boom']);
  });

  it('Future that is done can be awaited without a running loop', async () => {
    future.setResult(1);
    const cancelled = loop.createFuture();
    cancelled.cancel('enough');
    expect(await future).to.equal(1);
    expect(await rejection(cancelled))
      .to.be.instanceOf(CancelledError)
      .with.property('message', 'enough');
  });

  it('Future.then() passes values and errors on as a promise does', async () => {
    const thrown = 'no error at all';
    const results = Promise.allSettled([
      future.then(),
      future.then((value) => value + 1),
      future.then((value) => Promise.resolve(value + 2)),
      future.then(() => {
        throw thrown;
      }),
      future.then(null, () => 'not called'),
    ]);
    future.setResult(1);
    await runOnce(loop);
    expect(
      (await results).map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as unknown))),
    ).to.deep.equal([1, 2, 3, thrown, 1]);
  });

  it('Future.then() passes a failure to the reaction, or on', async () => {
    const error = new Error('boom');
    const results = Promise.all([
      rejection(future.then()),
      rejection(future.then(() => 'not called')),
      future.then(null, (reason) => reason === error),
    ]);
    future.setException(error);
    await runOnce(loop);
    expect(await results).to.deep.equal([error, error, true]);
  });

  it('Future.then() calls its reaction in the context in which it was called', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen = storage.run('here', () =>
      Promise.all([
        future.then(() => storage.getStore()),
        future.catch(() => undefined).then(() => storage.getStore()),
        (async () => [await future, storage.getStore()])(),
      ]),
    );
    storage.run('there', () => loop.callSoon(() => future.setResult(1)));
    await runOnce(loop);
    await runOnce(loop);
    expect(await seen).to.deep.equal(['here', 'here', [1, 'here']]);
  });

  it('Future.addDoneCallback() takes a context of another place', async () => {
    const storage = new AsyncLocalStorage<string>();
    const context = storage.run('there', () => new AsyncResource('test'));
    const see = (): void => void ran.push(String(storage.getStore()));
    storage.run('here', () => {
      future.addDoneCallback(see, { context });
      future.addDoneCallback(see, {});
    });
    future.addDoneCallback(see);
    future.setResult(1);
    await runOnce(loop);
    expect(ran).to.deep.equal(['there', 'here', 'undefined']);
  });

  it('Future.removeDoneCallback() does not remove the tasks that await the future', async () => {
    const a = note('a');
    const task = loop.createTask(function* () {
      ran.push(`task got ${yield* future}`);
    });
    const awaiting = (async (): Promise<void> => void ran.push(`await got ${await future}`))();
    await runOnce(loop);
    future.addDoneCallback(a);
    expect([future.removeDoneCallback(a), future.removeDoneCallback(a)]).to.deep.equal([1, 0]);
    future.addDoneCallback(note('b'));
    future.setResult(1);
    await runOnce(loop);
    await awaiting;
    expect([ran, task.done()]).to.deep.equal([['task got 1', 'b', 'await got 1'], true]);
  });

  it('Future.removeDoneCallback() of the only callback, of none and of one that has run', async () => {
    const a = note('a');
    expect(future.removeDoneCallback(a)).to.equal(0);
    future.addDoneCallback(a);
    expect(future.removeDoneCallback(a)).to.equal(1);
    future.addDoneCallback(note('b'));
    future.setResult(1);
    expect(future.removeDoneCallback(a)).to.equal(0);
    await runOnce(loop);
    expect(ran).to.deep.equal(['b']);
  });

  it('Future.addDoneCallback() takes ten thousand', async () => {
    let calls = 0;
    for (let i = 0; i < 10_000; i++) future.addDoneCallback(() => calls++);
    future.setResult(1);
    await runOnce(loop);
    expect(calls).to.equal(10_000);
  });

  it('Future that is done can be yielded* without a loop, and then throws as result() does', () => {
    const failed = loop.createFuture();
    failed.setException(new RangeError('bad'));
    future.setResult(1);
    expect(future[Symbol.iterator]().next()).to.deep.equal({ done: true, value: 1 });
    expect(() => failed[Symbol.iterator]().next()).to.throw(RangeError, 'bad');
  });

  it('Future that is pending yields itself, once, and says so when it is stepped too soon', () => {
    const generator = future[Symbol.iterator]();
    expect(generator.next().value).to.equal(future);
    expect(() => generator.next()).to.throw(InvalidStateError, 'Result is not ready.');
  });

  // CPython BaseFutureTests.test_tb_logger_not_called_after_cancel
  it('Future.cancel() that comes too late counts as having looked at the exception', () => {
    const reports = reportsOf(loop);
    future.setException(new Error('boom'));
    expect(future.cancel()).to.equal(false);
    const unseen = loop.createFuture();
    unseen.setException(new Error('unseen'));
    loop.close();
    expect(reports.map(({ message, exception }) => [message, exception?.message])).to.deep.equal([
      ['Future exception was never retrieved', 'unseen'],
    ]);
  });

  // CPython BaseFutureTests.test_exception_traceback… : what debug mode remembers
  it('Future tells in debug mode where it was created, and reports it', () => {
    loop.setDebug(true);
    const traced = loop.createFuture();
    expect(traced.sourceTraceback?.split('\n')[0]).to.match(/^ +at .*future\.test\.[jt]s:\d+:\d+\)?$/);
    expect(inspect(traced)).to.match(/^<Future pending created at \/.*future\.test\.[jt]s:\d+:\d+>$/);
    expect([future.sourceTraceback, inspect(future)]).to.deep.equal([undefined, '<Future pending>']);
    const reports = reportsOf(loop);
    traced.setException(new Error('unseen'));
    loop.close();
    expect(reports.map(({ sourceTraceback }) => sourceTraceback)).to.deep.equal([traced.sourceTraceback]);
  });

  // CPython FutureReprTests.test_recursive_repr_for_pending_tasks
  it('Future whose result leads back to itself is shown with an ellipsis there', () => {
    const own = loop.createFuture<unknown>();
    own.setResult(own);
    expect(inspect(own)).to.equal('<Future finished result=<Future finished result=…>>');
    const tasks = new Set<Task<unknown>>();
    const task = loop.createTask(function* () {
      yield;
      return tasks;
    });
    for (let i = 0; i < 1000; i++) tasks.add(task);
    return loop.runUntilComplete(task).then(() => {
      expect(inspect(task).length).to.be.below(500);
    });
  });

  it('Future shows parts that throw, and long ones on one line', () => {
    const shy = {
      [inspect.custom]() {
        throw new Error('not now');
      },
    };
    const results = [shy, { text: 'x'.repeat(200), more: [1, 2, 3], again: 'y'.repeat(100) }, 'text', null];
    const shown = results.map((result) => {
      const each = loop.createFuture<unknown>();
      each.setResult(result);
      return inspect(each);
    });
    expect(shown[0]).to.equal('<Future finished result=<object that cannot be inspected>>');
    expect(shown[1]).not.to.include('\n');
    expect(shown.slice(2)).to.deep.equal([
      "<Future finished result='text'>",
      '<Future finished result=null>',
    ]);
  });

  it('Future shows its state', () => {
    expect(inspect(future)).to.equal('<Future pending>');
    future.setResult(1);
    expect(inspect(future)).to.equal('<Future finished result=1>');
    expect(new Future(loop).getLoop()).to.equal(loop);
  });
});
