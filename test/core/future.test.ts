import { inspect } from 'node:util';
import { type BaseEventLoop, CancelledError, Future, InvalidStateError } from '@ringloop/core';
import { expect } from 'chai';
import { rejectionOf } from './rejection.js';
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
    const results = Promise.all([future, rejectionOf(failed)]);
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
    expect(await rejectionOf(cancelled))
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
      rejectionOf(future.then()),
      rejectionOf(future.then(() => 'not called')),
      future.then(null, (reason) => reason === error),
    ]);
    future.setException(error);
    await runOnce(loop);
    expect(await results).to.deep.equal([error, error, true]);
  });

  it('Future shows its state', () => {
    expect(inspect(future)).to.equal('<Future pending>');
    future.setResult(1);
    expect(inspect(future)).to.equal('<Future finished result=1>');
    expect(new Future(loop).getLoop()).to.equal(loop);
  });
});
