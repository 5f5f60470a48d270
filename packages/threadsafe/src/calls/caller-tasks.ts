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

/** The tasks that a loop runs for one calling thread, and the reply inbox for their replies. */
export class CallerTasks implements Replying {
  readonly #loop: BaseEventLoop;
  readonly #address: InboxAddress;
  readonly #countTasks: (change: number) => void;
  readonly #tasks = new CallTable<UnderWay>();
  /** Ids of calls whose tasks began while the loop was being wound up. */
  readonly #late = new Set<number>();
  /** How many of these tasks were cancelled. */
  lateCancelled = 0;

  /** @param address the caller's reply inbox */
  constructor(loop: BaseEventLoop, address: InboxAddress, countTasks: (change: number) => void) {
    this.#loop = loop;
    this.#address = address;
    this.#countTasks = countTasks;
  }

  /** @param isLate whether the loop is being wound up, and so cancels every task that does not end at once */
  start(fn: Callable, callId: number, args: unknown[], isLate = false): void {
    if (isLate) this.#late.add(callId);
    try {
      this.#tasks.add(
        this.#loop.getTaskFactory() === null
          ? new AnsweringTask(this.#loop, fn, args, callId, this)
          : this.#makeTask(fn, callId, args),
      );
    } catch (thrown) {
      // The loop's task factory has thrown.
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

  /** Replies with an error, when there is no task. */
  refuse(callId: number, reason: Error): void {
    this.#guard(() => replyEventually(() => inboxWriterTo(this.#address).replyError(callId, reason)));
  }

  /** Replies to all calls whose tasks are under way: the tasks will not be done. */
  refuseAll(reason: Error): void {
    for (const { callId } of this.forget()) this.refuse(callId, reason);
  }

  /** Forgets the tasks, because nobody waits for them any more. They go on. */
  forget(): Numbered[] {
    const forgotten = [...this.#tasks];
    this.#tasks.clear();
    this.#countTasks(-forgotten.length);
    return forgotten;
  }

  taskDone(task: AnsweringTask): void {
    this.#reply(task.callId, task);
  }

  /** Makes a task with the loop's own factory. */
  #makeTask(fn: Callable, callId: number, args: unknown[]): UnderWay {
    const coroutine = { [fn.name]: () => fn(...args) }[fn.name]; // the task takes its name from this key
    // any kind of function: async, generator or plain
    const task = this.#loop.createTask(coroutine as () => Promise<unknown>);
    task.addDoneCallback(() => {
      this.#reply(callId, task);
    });
    return { callId, cancel: () => task.cancel() };
  }

  #reply(callId: number, task: Task<unknown>): void {
    if (!this.#tasks.delete(callId)) return; // forgotten: nobody waits for it
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

  /** Sending the task's reply failed in an unexpected way. Replies with that error instead, and reports it. */
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
