import { type BaseEventLoop, type ExceptionContext } from '@ringloop/core';
import { expect } from 'chai';
import { collectGarbage } from '../collect-garbage.js';
import { rejection } from '../../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from '../virtual-loop.js';

describe('core/unretrieved', function () {
  this.slow(1000); // full garbage collections

  let loop: BaseEventLoop;
  let reports: ExceptionContext[];
  const described = (): string[] =>
    reports.map(({ message, exception }) => `${String(message)}: ${String(exception?.message)}`);

  beforeEach(() => {
    loop = jumpingLoop();
    reports = reportsOf(loop);
  });

  /** A failed future that nobody keeps; in a function of its own, so that no frame keeps it either. */
  function failAndForget(
    message: string,
    look: (future: ReturnType<typeof loop.createFuture>) => unknown,
  ): void {
    const future = loop.createFuture();
    future.setException(new Error(message));
    look(future);
  }

  // CPython BaseFutureTests.test_tb_logger_exception_unretrieved
  it('Future reports an exception that nobody has retrieved when it is collected', async () => {
    failAndForget('lost', () => undefined);
    await collectGarbage(() => reports.length > 0);
    expect(described()).to.deep.equal(['Future exception was never retrieved: lost']);
  });

  // CPython BaseEventLoopTests.test_default_exc_handler_coro
  it('Task reports an exception that nobody has retrieved when it is collected', async () => {
    const failing = async (): Promise<void> => {
      await Promise.resolve();
      throw new Error('lost in a task');
    };
    loop.createTask(failing);
    await runOnce(loop);
    await runOnce(loop);
    await collectGarbage(() => reports.length > 0);
    expect(described()).to.deep.equal(['Task exception was never retrieved: lost in a task']);
  });

  // CPython BaseFutureTests.test_tb_logger_result_retrieved, test_tb_logger_exception_retrieved and kin
  it('Future reports nothing once the exception was retrieved', async () => {
    failAndForget('by exception()', (future) => future.exception());
    failAndForget('by result()', (future) => expect(() => future.result()).to.throw('by result()'));
    const awaiting: Promise<Error>[] = [];
    failAndForget('by await', (future) => awaiting.push(rejection(future)));
    await Promise.all(awaiting);
    failAndForget('canary', () => undefined); // made last and reported: the others have been looked at
    await collectGarbage(() => reports.length > 0);
    await collectGarbage(() => reports.length > 1, 2);
    expect(described()).to.deep.equal(['Future exception was never retrieved: canary']);
  });

  it('Task whose late failure lost against a cancel() reports nothing', async () => {
    const forget = async (): Promise<void> => {
      const future = loop.createFuture();
      const task = loop.createTask(async () => future);
      await runOnce(loop);
      future.setException(new Error('overruled'));
      task.cancel();
      await rejection(loop.runUntilComplete(task));
    };
    await forget();
    failAndForget('canary', () => undefined);
    await collectGarbage(() => reports.length > 0);
    await collectGarbage(() => reports.length > 1, 2);
    expect(described()).to.deep.equal(['Future exception was never retrieved: canary']);
  });
});
