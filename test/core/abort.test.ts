import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { type BaseEventLoop, CancelledError, sleep, timeout } from '@ringloop/core';
import { abort, newAbortController } from '@ringloop/core/internal';
import { expect } from 'chai';
import { jumpingLoop } from './virtual-loop.js';

describe('core/abort', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop();
  });

  /** Gives the signal to so many calls. */
  function listenOften(signal: AbortSignal): number {
    for (let calls = 0; calls < 50; calls++) signal.addEventListener('abort', () => undefined);
    return getEventListeners(signal, 'abort').length;
  }

  it('signals of tasks and blocks take any number of listeners without a warning', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', onWarning);
    const listeners: number[] = [];
    await loop.runUntilComplete(async () => {
      await loop.createTask(async (signal: AbortSignal) => {
        listeners.push(listenOften(signal));
        await sleep(0);
      });
      await timeout(1).run(async (_, signal) => {
        listeners.push(listenOften(signal));
        await sleep(0);
      });
    });
    await new Promise((resolve) => setImmediate(resolve)); // Node warns in a tick
    process.off('warning', onWarning);
    expect(listeners).to.deep.equal([50, 50]);
    expect(warnings).to.deep.equal([]);
  });

  it('abort() tells listeners at once, and what they store with enterWith() ends with them', () => {
    const user = new AsyncLocalStorage<string>();
    const controller = newAbortController();
    const reason = new CancelledError();
    const seen: unknown[] = [];
    controller.signal.addEventListener('abort', () => {
      seen.push(user.getStore());
      user.enterWith('listener');
    });
    user.run('who aborts', () => {
      abort(controller, reason);
      seen.push(user.getStore(), controller.signal.reason === reason);
    });
    expect(seen).to.deep.equal(['who aborts', 'who aborts', true]);
  });

  it('Task.cancel() leaves the canceller what it has stored', async () => {
    const user = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    await loop.runUntilComplete(async () => {
      const task = loop.createTask(async (signal: AbortSignal) => {
        signal.addEventListener('abort', () => user.enterWith('listener'));
        await sleep(10);
      });
      await sleep(1);
      loop.callSoon(() => {
        task.cancel();
        seen.push(user.getStore());
      });
      await sleep(1);
      seen.push(user.getStore(), task.cancelled());
    });
    expect(seen).to.deep.equal([undefined, undefined, true]);
  });
});
