import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type BaseEventLoop, CancelledError, type ExceptionContext, sleep } from '@ringloop/core';
import { type ConcurrentFuture, LoopGroup, type LoopRef } from '@ringloop/threadsafe';
import { expect } from 'chai';
import { collectGarbage } from '../../core/collect-garbage.js';
import { createLoop, echo, KettleError, loopWithInbox, throwNow } from '../fixtures/calls.js';
import { rejectSoon } from '../fixtures/contexts.js';

describe('ConcurrentFuture', function () {
  this.slow(1000); // full garbage collections

  let group: LoopGroup;
  let there: LoopRef;
  let loop: BaseEventLoop;
  let reports: ExceptionContext[];

  before(async () => {
    group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
    there = group.next();
  });
  after(() => group.close());

  beforeEach(() => {
    ({ loop } = loopWithInbox());
    reports = [];
    loop.setExceptionHandler((_, context) => reports.push(context));
  });
  afterEach(() => loop.close());

  /** Makes a call that fails and keeps no reference; `look` is all that anybody does with it. */
  function failAndForget(look: (call: ConcurrentFuture<unknown>) => unknown): void {
    void look(there.runCoroutineThreadsafe(throwNow, 'unheard'));
  }

  /** Fails a call in the loop, and collects the garbage. */
  async function reportedAfter(
    look: (call: ConcurrentFuture<unknown>) => unknown,
    rounds: number,
  ): Promise<void> {
    await loop.runUntilComplete(async () => {
      failAndForget(look);
      await there.runCoroutineThreadsafe(echo); // answered behind it
      await sleep(0);
      await collectGarbage(() => reports.length > 0, rounds);
    });
  }

  it('reports to the loop of the call an exception that nobody has retrieved', async () => {
    await reportedAfter(() => undefined, 30);
    expect(reports.map(({ message }) => message)).to.deep.equal([
      'ConcurrentFuture exception was never retrieved',
    ]);
    expect(reports[0]?.exception).to.be.instanceOf(Error);
    expect(reports[0]).not.to.have.property('sourceTraceback');
  });

  it('says in debug mode where the call was made', async () => {
    loop.setDebug(true);
    await reportedAfter(() => undefined, 30);
    expect(reports[0]?.sourceTraceback).to.include('concurrent-future.test');
  });

  it('reports at the latest when the loop is closed', async () => {
    let kept: unknown;
    await loop.runUntilComplete(async () => {
      kept = there.runCoroutineThreadsafe(throwNow, 'unheard');
      await there.runCoroutineThreadsafe(echo);
      await sleep(0);
    });
    expect(reports).to.deep.equal([]);
    loop.close();
    expect(reports.map(({ message, future }) => [message, future === kept])).to.deep.equal([
      ['ConcurrentFuture exception was never retrieved', true],
    ]);
  });

  const RETRIEVED: Record<string, (call: ConcurrentFuture<unknown>) => unknown> = {
    'an await': async (call) => {
      try {
        await call;
      } catch {
        // as it should
      }
    },
    'then()': (call) => call.then(undefined, () => undefined),
    'catch()': (call) => call.catch(() => undefined),
    'finally()': (call) => call.finally(() => undefined).catch(() => undefined),
    'whenDone()': (call) => call.whenDone(() => undefined),
    'result()': (call) => call.whenDone(() => expect(() => call.result()).to.throw()),
    'exception()': (call) => call.whenDone(() => expect(call.exception()).to.be.instanceOf(Error)),
    'cancel()': (call) => call.cancel(),
  };
  for (const [how, look] of Object.entries(RETRIEVED)) {
    it(`reports nothing after ${how}`, async () => {
      await reportedAfter(look, 3);
      loop.close();
      expect(reports).to.deep.equal([]);
    });
  }

  it('reports nothing when it was asked after it had failed', async () => {
    await loop.runUntilComplete(async () => {
      const call = there.runCoroutineThreadsafe(throwNow, 'unheard');
      await there.runCoroutineThreadsafe(echo);
      expect(call.exception()).to.be.instanceOf(Error);
    });
    loop.close();
    expect(reports).to.deep.equal([]);
  });

  it('exception() gives the error, null for a result, and throws a cancellation', async () => {
    const failed = there.runCoroutineThreadsafe(throwNow, 'unheard');
    const done = there.runCoroutineThreadsafe(echo, 1);
    expect(() => done.exception()).to.throw('Result is not ready.');
    await done;
    expect(failed.exception()).to.be.instanceOf(Error).and.not.instanceOf(KettleError);
    expect(done.exception()).to.equal(null);
    const cancelled = there.runCoroutineThreadsafe(echo, 1);
    cancelled.cancel();
    expect(() => cancelled.exception()).to.throw(CancelledError);
  });

  it('prints an unretrieved exception to standard error where no loop ran, at the latest at exit', () => {
    const program = fileURLToPath(new URL('../fixtures/unheard-outside.js', import.meta.url));
    const { stderr, status } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
    expect(stderr).to.match(/^ConcurrentFuture exception was never retrieved\n/);
    expect(stderr).to.include('RangeError: unheard');
    expect(status).to.equal(0);
  });

  it('whenDone() refuses what is no function, and warns of a promise that rejects', async () => {
    const call = there.runCoroutineThreadsafe(echo);
    // @ts-expect-error -- JavaScript does not know
    expect(() => call.whenDone('x')).to.throw(TypeError, "callback must be a function, got 'x'");
    const warning = new Promise((resolve) => process.once('warning', resolve));
    call.whenDone(async () => {
      await Promise.resolve();
      throw new RangeError('thrown late');
    });
    expect(String(await warning)).to.equal('RangeError: thrown late');
  });

  it('callSoonThreadsafe() of a function whose promise rejects is told to the exception handler', async () => {
    const { loop: mine, ref } = loopWithInbox();
    const told: ExceptionContext[] = [];
    mine.setExceptionHandler((_, context) => told.push(context));
    await mine.runUntilComplete(async () => {
      ref.callSoonThreadsafe(rejectSoon, 'late');
      await sleep(0.01);
    });
    mine.close();
    expect(told.map(({ message, exception }) => [message, String(exception)])).to.deep.equal([
      ['Exception in callback rejectSoon() called from another thread', 'RangeError: late'],
    ]);
  });
});
