import type { BaseEventLoop, Task } from '@ringloop/core';
import { toError } from '@ringloop/core/internal';
import { CallTable, type Numbered } from './call-table.js';
import { type Replying, AnsweringTask } from './answering-task.js';
import { CloneError } from '../errors.js';
import type { Callable } from '../references/find-export.js';
import type { InboxAddress } from '../memory/inbox-memory.js';
import type { InboxWriter } from './inbox-writer.js';
import { inboxWriterTo } from './inbox-writers.js';
import { replyAgain, replyEventually } from './retry-send.js';

interface UnderWay extends Numbered {
  cancel(): unknown;
}

/** A thread for which a loop runs tasks: which these are, and where their answers go. */
export class CallerTasks implements Replying {
  readonly #loop: BaseEventLoop;
  readonly #address: InboxAddress;
  readonly #countTasks: (change: number) => void;
  readonly #tasks = new CallTable<UnderWay>();
  /** Calls whose tasks began while the loop was being wound up. */
  readonly #late = new Set<number>();
  /** How many of these were cancelled. */
  lateCancelled = 0;

  /** @param address the caller's reply inbox */
  constructor(loop: BaseEventLoop, address: InboxAddress, countTasks: (change: number) => void) {
    this.#loop = loop;
    this.#address = address;
    this.#countTasks = countTasks;
  }

  /** @param isLate the loop is being wound up: whatever does not end at once is cancelled */
  start(fn: Callable, callId: number, args: unknown[], isLate = false): void {
    if (isLate) this.#late.add(callId);
    try {
      this.#tasks.add(
        this.#loop.getTaskFactory() === null
          ? new AnsweringTask(this.#loop, fn, args, callId, this)
          : this.#makeTask(fn, callId, args),
      );
    } catch (thrown) {
      // The loop's task factory.
      const exception = toError(thrown);
      this.#loop.callExceptionHandler({ message: 'Cannot make a task for another thread', exception });
      this.refuse(callId, exception);
      return;
    }
    this.#countTasks(1);
  }

  cancel(callId: number): void {
    this.#tasks.get(callId)?.cancel();
  }

  /** Answers with an error, where there is no task. */
  refuse(callId: number, reason: Error): void {
    this.#guard(() => replyEventually(() => inboxWriterTo(this.#address).replyError(callId, reason)));
  }

  /** Answers for all tasks that are under way: they will not be done. */
  refuseAll(reason: Error): void {
    for (const { callId } of this.forget()) this.refuse(callId, reason);
  }

  /** Nobody waits for these tasks any more. They go on. */
  forget(): Numbered[] {
    const forgotten = [...this.#tasks];
    this.#tasks.clear();
    this.#countTasks(-forgotten.length);
    return forgotten;
  }

  taskDone(task: AnsweringTask): void {
    this.#reply(task.callId, task);
  }

  /** A task of the loop's own factory. */
  #makeTask(fn: Callable, callId: number, args: unknown[]): UnderWay {
    const coroutine = { [fn.name]: () => fn(...args) }[fn.name]; // the task is named after it
    const task = this.#loop.createTask(coroutine as () => Promise<unknown>); // just put there; any kind, and plain functions
    task.addDoneCallback(() => {
      this.#reply(callId, task);
    });
    return { callId, cancel: () => task.cancel() };
  }

  #reply(callId: number, task: Task<unknown>): void {
    if (!this.#tasks.delete(callId)) return; // nobody waits for it any more
    this.#countTasks(-1);
    if (this.#late.delete(callId) && task.cancelled()) this.lateCancelled++;
    try {
      sendReply(inboxWriterTo(this.#address), callId, task);
    } catch (thrown) {
      this.#replyAgain(thrown, callId, task);
    }
  }

  #replyAgain(thrown: unknown, callId: number, task: Task<unknown>): void {
    try {
      replyAgain(thrown, () => this.#replyAnew(callId, task));
    } catch (unexpected) {
      this.#refuseReply(callId, unexpected);
    }
  }

  #replyAnew(callId: number, task: Task<unknown>): void {
    try {
      sendReply(inboxWriterTo(this.#address), callId, task);
    } catch (thrown) {
      this.#replyAgain(thrown, callId, task);
    }
  }

  /** The task cannot say how it has ended. Whoever waits for it is told that. */
  #refuseReply(callId: number, thrown: unknown): void {
    const exception = toError(thrown);
    this.#loop.callExceptionHandler({ message: 'Cannot answer a call from another thread', exception });
    this.refuse(callId, exception);
  }

  #guard(send: () => void): void {
    try {
      send();
    } catch (thrown) {
      this.#loop.callExceptionHandler({
        message: 'Cannot answer a call from another thread',
        exception: toError(thrown),
      });
    }
  }
}

function sendReply(caller: InboxWriter, callId: number, task: Task<unknown>): void {
  if (task.cancelled()) {
    caller.replyCancelled(callId);
    return;
  }
  const exception = task.exception();
  if (exception !== null) {
    caller.replyError(callId, exception);
    return;
  }
  try {
    caller.reply(callId, task.result());
  } catch (thrown) {
    if (!(thrown instanceof CloneError)) throw thrown;
    caller.replyError(callId, thrown);
  }
}
