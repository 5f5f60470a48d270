import {
  type BaseEventLoop,
  CancelledError,
  type ExceptionContext,
  type Future,
  gather,
  LoopStateError,
  setEventLoop,
  shield,
} from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf } from '../core/virtual-loop.js';
import { BOTH_KINDS } from './blocks.js';
import { runBriefly } from './run-briefly.js';

// Cases of CPython's test_tasks.py that are about shield(), as of 3.14 (PSF License Version 2). The facts are theirs, the text
// is ours.

describe('conformance/shield', () => {
  let loop: BaseEventLoop;
  let inner: Future<number>;
  let reports: ExceptionContext[];

  beforeEach(() => {
    loop = jumpingLoop();
    inner = loop.createFuture();
    reports = reportsOf(loop);
  });

  it('BaseTaskTests.test_shield_result: it has the result', async () => {
    const outer = shield(inner);
    inner.setResult(42);
    expect(await loop.runUntilComplete(outer)).to.equal(42);
  });

  it('BaseTaskTests.test_shield_exception: it has the error', async () => {
    const outer = shield(inner);
    await runBriefly(loop);
    const error = new RangeError('expected');
    inner.setException(error);
    await runBriefly(loop);
    expect(outer.exception()).to.equal(error);
  });

  it('BaseTaskTests.test_shield_cancel_inner: it is cancelled with what is in it', async () => {
    const outer = shield(inner);
    await runBriefly(loop);
    inner.cancel();
    await runBriefly(loop);
    expect(outer.cancelled()).to.equal(true);
  });

  it('BaseTaskTests.test_shield_cancel_outer: but not the other way round', async () => {
    const outer = shield(inner);
    await runBriefly(loop);
    outer.cancel();
    await runBriefly(loop);
    expect([outer.cancelled(), inner.done()]).to.deep.equal([true, false]);
  });

  it('BaseTaskTests.test_shield_cancel_outer_result: a result that nobody waits for is dropped', async () => {
    const outer = shield(inner);
    await runBriefly(loop);
    outer.cancel();
    await runBriefly(loop);
    inner.setResult(1);
    await runBriefly(loop);
    expect(reports).to.deep.equal([]);
  });

  it('BaseTaskTests.test_shield_cancel_outer_exception: an error is reported', async () => {
    const outer = shield(inner);
    await runBriefly(loop);
    outer.cancel();
    await runBriefly(loop);
    const exception = new RangeError('foo');
    inner.setException(exception);
    await runBriefly(loop);
    const message = 'RangeError exception in shielded future';
    expect(reports).to.deep.equal([{ message, exception, future: inner }]);
  });

  it('BaseTaskTests.test_shield_duplicate_log_once: once, however many shields were cancelled', async () => {
    for (let i = 0; i < 2; i++) {
      const outer = shield(inner);
      await runBriefly(loop);
      outer.cancel();
      await runBriefly(loop);
    }
    inner.setException(new RangeError('foo'));
    await runBriefly(loop);
    expect(reports.map(({ message }) => message)).to.deep.equal(['RangeError exception in shielded future']);
  });

  it('BaseTaskTests.test_shield_shortcut: what is done needs no shield', async () => {
    inner.setResult(42);
    expect(await loop.runUntilComplete(shield(inner))).to.equal(42);
  });

  for (const { kind, coroutine } of BOTH_KINDS) {
    it(`BaseTaskTests.test_shield_effect: the inner coroutine goes on when the outer is cancelled, ${kind}`, async () => {
      let proof = 0;
      const waiter = loop.createFuture<null>();
      const task = loop.createTask(
        coroutine(function* () {
          yield* shield(
            coroutine(function* () {
              yield* waiter;
              proof += 1;
            }),
          );
          proof += 100;
        }),
      );
      await runBriefly(loop);
      task.cancel();
      expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
      waiter.setResult(null);
      await runBriefly(loop);
      expect(proof).to.equal(1);
    });
  }

  it('BaseTaskTests.test_shield_gather: it protects all that is gathered', async () => {
    const children = [loop.createFuture<number>(), loop.createFuture<number>()];
    const parent = gather(children);
    const outer = shield(parent);
    await runBriefly(loop);
    outer.cancel();
    await runBriefly(loop);
    expect(outer.cancelled()).to.equal(true);
    children.forEach((child, index) => child.setResult(index + 1));
    await runBriefly(loop);
    expect(parent.result()).to.deep.equal([1, 2]);
  });

  it('BaseTaskTests.test_shield_coroutine_without_loop: a coroutine needs a loop that runs', () => {
    expect(() => shield(async () => 42)).to.throw(LoopStateError, 'There is no current event loop');
  });

  it('BaseTaskTests.test_shield_coroutine_use_running_loop: and becomes a task of it', async () => {
    const [outer] = await loop.runUntilComplete(async () => [shield(async () => 42)]);
    expect(outer?.getLoop()).to.equal(loop);
    expect(await loop.runUntilComplete(outer!)).to.equal(42); // made above
  });

  it('BaseTaskTests.test_shield_coroutine_use_global_loop: or of the current loop', async () => {
    setEventLoop(loop);
    try {
      const outer = shield(async () => 42);
      expect(outer.getLoop()).to.equal(loop);
      expect(await loop.runUntilComplete(outer)).to.equal(42);
    } finally {
      setEventLoop(null);
    }
  });
});
