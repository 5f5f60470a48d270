import { BaseEventLoop, type Task, LoopStateError } from '@ringloop/core';
import {
  endsTheLoop,
  type Inbox,
  type InboxOwner,
  promiseWithResolvers,
  type PromiseWithResolvers,
  toError,
} from '@ringloop/core/internal';
import { ExposedObjects } from './control/exposed-objects.js';
import { CloneError } from './errors.js';
import { setAddressOf } from './future-ref.js';
import { allocateInbox, type InboxAddress } from './inbox-memory.js';
import { InboxReader } from './inbox-reader.js';
import type { LaneReader } from './lane-reader.js';
import { LoopRef } from './loop-ref.js';
import type { Outbox } from './outbox.js';
import { collectAnswers, restMailbox } from './mailbox.js';
import { callsSent, dropOutbox, outboxTo } from './outboxes.js';
import { pendingCalls } from './pending-calls.js';
import { sendEventually } from './send-eventually.js';
import { checkSpin, Spinning } from './spinning.js';

/** How a loop's inbox is made. */
export interface LoopInboxOptions {
  /** Memory that another thread has allocated for it; its own by default. */
  readonly address?: InboxAddress;
  /** How long the loop looks for more after a call in either direction before it sleeps, in seconds; 0 by default. */
  readonly spin?: number;
}

/** The inbox of a loop: what other threads call runs in the loop's own iterations. */
export class LoopInbox implements Inbox {
  readonly ref: LoopRef;
  readonly #loop: BaseEventLoop;
  readonly #reader: InboxReader;
  /** Tasks run for other threads that are not done, by lane and the caller's number. */
  readonly #tasks = new Map<LaneReader, Map<number, Task<unknown>>>();
  readonly #exposed: ExposedObjects;
  readonly #spinning: Spinning;
  /** How many these are; while they end, who waits for the last. */
  #underWay = 0;
  #answered: PromiseWithResolvers<void> | null = null;
  /** Sealed: resolves when all that got in has run. */
  #emptied: PromiseWithResolvers<void> | null = null;

  /** @throws {TypeError} @throws {RangeError} when `spin` is no time */
  constructor(
    owner: InboxOwner,
    { address = allocateInbox(owner.loop.name), spin = 0 }: LoopInboxOptions = {},
  ) {
    checkSpin(spin);
    this.#loop = owner.loop;
    this.ref = new LoopRef(address);
    setAddressOf(owner.loop, address);
    this.#exposed = new ExposedObjects(owner.loop, this.ref);
    this.#spinning = new Spinning(spin, {
      look: () => this.#reader.isRung() || collectAnswers(),
      looked: restMailbox,
      callsSent,
    });
    this.#reader = new InboxReader(address, {
      addReady: owner.addReady,
      putBack: owner.putBack,
      mayGoOn: owner.mayGoOn,
      wake: owner.wake,
      startTask: (lane, fn, call, args) => this.#startTask(lane, fn, call, args),
      refuseTask: (lane, call, reason) => this.#reply(lane, (caller) => caller.replyError(call, reason)),
      cancelTask: (lane, call) => this.#tasks.get(lane)?.get(call)?.cancel(),
      answer: (call, answer) => pendingCalls.take(call)?.settleWith(answer),
      failedCallback: (name, thrown) => this.#failedCallback(name, thrown),
      corrupted: (_, exception) => this.#loop.callExceptionHandler({ message: exception.message, exception }),
      producerLeft: (lane) => this.#forgetCaller(lane),
    });
  }

  get rung(): boolean {
    return this.#reader.isRung();
  }

  /** Calls from other threads that have run, tasks included. */
  get received(): number {
    return this.#reader.received;
  }

  drain(): void {
    this.#tellIfEmpty(); // here too: a loop whose callbacks reschedule themselves never parks
    if (this.#reader.collect()) this.#spinning.arrived();
  }

  park(): boolean {
    this.#tellIfEmpty();
    if (this.#spinning.staysAwake()) return false;
    return this.#reader.trySleep();
  }

  seal(): Promise<void> {
    this.#reader.seal();
    this.#emptied ??= promiseWithResolvers();
    this.#tellIfEmpty();
    return this.#emptied.promise;
  }

  /** Resolves when no task is under way that another thread waits for. */
  answered(): Promise<void> {
    const answered = (this.#answered ??= promiseWithResolvers());
    this.#countTasks(0);
    return answered.promise;
  }

  close(): void {
    this.#reader.seal();
    const reason = new LoopStateError(
      `Loop "${this.ref.name}" was closed before it answered`,
      'ERR_LOOP_CLOSED',
    );
    for (const lane of this.#reader.lanes()) lane.refuseTasks(reason);
    for (const [lane, tasks] of this.#tasks) {
      for (const call of tasks.keys()) this.#reply(lane, (caller) => caller.replyError(call, reason));
    }
    this.#tasks.clear();
    this.#countTasks(-this.#underWay);
    this.#exposed.close();
    this.#reader.close();
  }

  #startTask(lane: LaneReader, fn: (...args: unknown[]) => unknown, call: number, args: unknown[]): void {
    const coroutine = { [fn.name]: () => fn(...args) }[fn.name]; // the task is named after it
    let task: Task<unknown>;
    try {
      task = this.#loop.createTask(coroutine as () => Promise<unknown>); // just put there; any kind, and plain functions
    } catch (thrown) {
      // The loop's task factory.
      const exception = toError(thrown);
      this.#loop.callExceptionHandler({ message: 'Cannot make a task for another thread', exception });
      this.#reply(lane, (caller) => caller.replyError(call, exception));
      return;
    }
    const tasks = this.#tasks.get(lane) ?? new Map<number, Task<unknown>>();
    this.#tasks.set(lane, tasks);
    tasks.set(call, task);
    this.#countTasks(1);
    task.addDoneCallback(() => {
      if (this.#tasks.get(lane)?.delete(call) !== true) return; // its caller's thread has ended
      this.#countTasks(-1);
      this.#reply(lane, (caller) => sendOutcome(caller, call, task));
    });
  }

  #tellIfEmpty(): void {
    if (this.#emptied !== null && this.#reader.isEmpty()) this.#emptied.resolve();
  }

  #countTasks(change: number): void {
    this.#underWay += change;
    this.#reader.storeTasks(this.#underWay);
    if (this.#underWay > 0) return;
    this.#answered?.resolve();
    this.#answered = null;
  }

  /** Answers a caller. */
  #reply(lane: LaneReader, send: (caller: Outbox) => void): void {
    try {
      sendEventually(() => send(outboxTo(lane.replyTo as InboxAddress))); // the HELLO before its first task brought it
    } catch (thrown) {
      this.#loop.callExceptionHandler({
        message: 'Cannot answer a call from another thread',
        exception: toError(thrown),
      });
    }
  }

  /** The thread that called is gone, and with it the mailbox that its answers went to. */
  #forgetCaller(lane: LaneReader): void {
    this.#countTasks(-(this.#tasks.get(lane)?.size ?? 0));
    this.#tasks.delete(lane);
    this.#exposed.forgetBorrower(lane.producer);
    if (lane.replyTo !== null) dropOutbox((lane.replyTo as InboxAddress).id); // its HELLO brought it
  }

  #failedCallback(name: string, thrown: unknown): void {
    if (endsTheLoop(thrown)) throw thrown;
    this.#loop.callExceptionHandler({
      message: `Exception in callback ${name}() called from another thread`,
      exception: toError(thrown),
    });
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
