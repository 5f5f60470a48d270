import type { BaseEventLoop, Task } from '@ringloop/core';
import { toError } from '@ringloop/core/internal';
import { CallTable, type Numbered } from './call-table.js';
import { type Answering, CalledTask } from './answering-task.js';
import { CloneError } from '../errors.js';
import type { Callable } from '../references/find-export.js';
import type { InboxAddress } from '../memory/inbox-memory.js';
import type { Outbox } from './inbox-writer.js';
import { outboxTo } from './inbox-writers.js';
import { answerAgain, answerEventually } from './retry-send.js';

interface UnderWay extends Numbered {
  cancel(): unknown;
}

/** A thread for which a loop runs tasks: which these are, and where their answers go. */
export class Caller implements Answering {
  readonly #loop: BaseEventLoop;
  readonly #address: InboxAddress;
  readonly #countTasks: (change: number) => void;
  readonly #tasks = new CallTable<UnderWay>();
  /** Calls whose tasks began while the loop was being wound up. */
  readonly #late = new Set<number>();
  /** How many of these were cancelled. */
  lateCancelled = 0;

  /** @param address the caller's mailbox */
  constructor(loop: BaseEventLoop, address: InboxAddress, countTasks: (change: number) => void) {
    this.#loop = loop;
    this.#address = address;
    this.#countTasks = countTasks;
  }

  /** @param isLate the loop is being wound up: whatever does not end at once is cancelled */
  start(fn: Callable, call: number, args: unknown[], isLate = false): void {
    if (isLate) this.#late.add(call);
    try {
      this.#tasks.add(
        this.#loop.getTaskFactory() === null
          ? new CalledTask(this.#loop, fn, args, call, this)
          : this.#makeTask(fn, call, args),
      );
    } catch (thrown) {
      // The loop's task factory.
      const exception = toError(thrown);
      this.#loop.callExceptionHandler({ message: 'Cannot make a task for another thread', exception });
      this.refuse(call, exception);
      return;
    }
    this.#countTasks(1);
  }

  cancel(call: number): void {
    this.#tasks.get(call)?.cancel();
  }

  /** Answers with an error, where there is no task. */
  refuse(call: number, reason: Error): void {
    this.#guard(() => answerEventually(() => outboxTo(this.#address).replyError(call, reason)));
  }

  /** Answers for all tasks that are under way: they will not be done. */
  refuseAll(reason: Error): void {
    for (const { call } of this.forget()) this.refuse(call, reason);
  }

  /** Nobody waits for these tasks any more. They go on. */
  forget(): Numbered[] {
    const forgotten = [...this.#tasks];
    this.#tasks.clear();
    this.#countTasks(-forgotten.length);
    return forgotten;
  }

  taskDone(task: CalledTask): void {
    this.#answer(task.call, task);
  }

  /** A task of the loop's own factory. */
  #makeTask(fn: Callable, call: number, args: unknown[]): UnderWay {
    const coroutine = { [fn.name]: () => fn(...args) }[fn.name]; // the task is named after it
    const task = this.#loop.createTask(coroutine as () => Promise<unknown>); // just put there; any kind, and plain functions
    task.addDoneCallback(() => {
      this.#answer(call, task);
    });
    return { call, cancel: () => task.cancel() };
  }

  #answer(call: number, task: Task<unknown>): void {
    if (!this.#tasks.delete(call)) return; // nobody waits for it any more
    this.#countTasks(-1);
    if (this.#late.delete(call) && task.cancelled()) this.lateCancelled++;
    try {
      sendOutcome(outboxTo(this.#address), call, task);
    } catch (thrown) {
      this.#answerAgain(thrown, call, task);
    }
  }

  #answerAgain(thrown: unknown, call: number, task: Task<unknown>): void {
    try {
      answerAgain(thrown, () => this.#answerAnew(call, task));
    } catch (unexpected) {
      this.#refuseAnswer(call, unexpected);
    }
  }

  #answerAnew(call: number, task: Task<unknown>): void {
    try {
      sendOutcome(outboxTo(this.#address), call, task);
    } catch (thrown) {
      this.#answerAgain(thrown, call, task);
    }
  }

  /** The task cannot say how it has ended. Whoever waits for it is told that. */
  #refuseAnswer(call: number, thrown: unknown): void {
    const exception = toError(thrown);
    this.#loop.callExceptionHandler({ message: 'Cannot answer a call from another thread', exception });
    this.refuse(call, exception);
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

function sendOutcome(caller: Outbox, call: number, task: Task<unknown>): void {
  if (task.cancelled()) {
    caller.replyCancelled(call);
    return;
  }
  const exception = task.exception();
  if (exception !== null) {
    caller.replyError(call, exception);
    return;
  }
  try {
    caller.reply(call, task.result());
  } catch (thrown) {
    if (!(thrown instanceof CloneError)) throw thrown;
    caller.replyError(call, thrown);
  }
}
