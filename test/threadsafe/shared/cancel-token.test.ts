import { expect } from 'chai';
import { CancelledError, sleep } from '@ringloop/core';
import { CancelToken, LoopGroup, SharedEvent } from '@ringloop/threadsafe';
import { createLoop } from '../fixtures/calls.js';
import { inLoop } from './fixtures/in-loop.js';
import { awaitSignal, spinUntilCancelled } from './fixtures/work.js';

describe('CancelToken', () => {
  it('cancel() is seen at once, and only the first counts', () => {
    const token = new CancelToken();
    expect([token.cancelled, token.reason]).to.deep.equal([false, undefined]);
    token.throwIfCancelled();
    expect([token.cancel('first'), token.cancel('second')]).to.deep.equal([true, false]);
    expect([token.cancelled, token.reason]).to.deep.equal([true, 'first']);
    expect(() => token.throwIfCancelled()).to.throw(CancelledError, 'The token was cancelled');
  });

  it('cancel() takes any reason: an error keeps its class, what cannot be sent is a line of text', () => {
    const reasonOf = (reason: unknown): unknown => {
      const token = new CancelToken();
      token.cancel(reason);
      return token.reason;
    };
    expect(reasonOf(new RangeError('too much')))
      .to.be.instanceOf(RangeError)
      .with.property('message', 'too much');
    expect(reasonOf(undefined)).to.equal(undefined);
    expect(reasonOf({ a: [1] })).to.deep.equal({ a: [1] });
    expect(reasonOf(() => 1)).to.equal('[Function (anonymous)]');
    expect(reasonOf('x'.repeat(10_000))).to.match(/^'?x{500,1100}$/);
    expect(reasonOf(new SharedArrayBuffer(1))).to.match(/SharedArrayBuffer/);
  });

  it('signal is aborted at once in the thread that cancels', () => {
    const token = new CancelToken();
    const { signal } = token;
    expect(token.signal).to.equal(signal);
    token.cancel('enough');
    expect(signal.aborted).to.equal(true);
    expect((signal.reason as Error).cause).to.equal('enough');
    expect(
      new CancelToken({ kind: 'CancelToken', memory: new SharedArrayBuffer(4096) }).signal.aborted,
    ).to.equal(false);
    expect(CancelToken.fromWire(token.toWire()).signal.aborted).to.equal(true);
  });

  it('wait() goes on when it is cancelled', () =>
    inLoop(async () => {
      const token = new CancelToken();
      const waiting = token.wait();
      await sleep(0);
      token.cancel();
      expect([await waiting, await token.wait()]).to.deep.equal([true, true]);
    }));

  it('cancelled is seen by a computation in another thread that gives its loop no turn', () =>
    inLoop(async () => {
      await using group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
      const token = new CancelToken();
      const started = new SharedEvent();
      const spinning = group.next().runCoroutineThreadsafe(spinUntilCancelled, token, started);
      await started.wait();
      token.cancel('no longer wanted');
      expect(await spinning).to.equal('CancelledError: no longer wanted');
    }));

  it('signal is aborted in another thread', () =>
    inLoop(async () => {
      await using group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
      const token = new CancelToken();
      const ready = new SharedEvent();
      const waiting = group.next().runCoroutineThreadsafe(awaitSignal, token, ready);
      await ready.wait();
      token.cancel('from afar');
      expect(await waiting).to.equal('from afar');
    }));
});
