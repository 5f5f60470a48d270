import { BaseEventLoop, LoopStateError } from '@ringloop/core';
import {
  END_RUN,
  endsTheLoop,
  type Inbox,
  type InboxOwner,
  promiseWithResolvers,
  type PromiseWithResolvers,
  toError,
} from '@ringloop/core/internal';
import { CallerTasks } from '../calls/caller-tasks.js';
import { ExposedObjects } from '../control/exposed-objects.js';
import { setAddressOf } from './future-ref.js';
import { allocateInbox, type InboxAddress } from '../memory/inbox-memory.js';
import { CallHandler } from '../inbox/call-handler.js';
import { InboxReader } from '../inbox/inbox-reader.js';
import { Kind } from '../memory/record.js';
import type { CalledTask, LaneReader } from '../inbox/lane-reader.js';
import { LoopRef } from './loop-ref.js';
import { collectReplies, restReplyInboxes } from '../calls/reply-inbox.js';
import { markProgress } from '../calls/blocking.js';
import {
  checkWakeUp,
  hasReplyInbox,
  listenAsLoop,
  type ThreadEventfd,
  unlistenAsLoop,
  type WakeUp,
} from '../inbox/eventfd-wakeup.js';
import { callsSent, dropInboxWriter, inboxWriterTo } from '../calls/inbox-writers.js';
import { replyEventually } from '../calls/retry-send.js';
import { checkSpin, Spinning } from './spinning.js';

/** Options of a LoopInbox. */
export interface LoopInboxOptions {
  /** The inbox that another thread has allocated for the loop. By default the loop allocates its own. */
  readonly address?: InboxAddress;
  /**
   * How long the loop looks for more calls after a call in either direction before it sleeps, in seconds; 0 by default.
   */
  readonly spin?: number;
  /** How other threads wake the loop's thread; by default the fastest available way. */
  readonly wakeup?: WakeUp | undefined;
}

/** The inbox of a loop: calls from other threads run in the loop's own iterations. */
export class LoopInbox implements Inbox {
  readonly ref: LoopRef;
  readonly #loop: BaseEventLoop;
  readonly #reader: InboxReader;
  readonly #callers = new Map<LaneReader, CallerTasks>();
  readonly #exposed: ExposedObjects;
  readonly #spinning: Spinning;
  readonly #wish: WakeUp | undefined;
  /** An eventfd that the loop does not listen to yet, but may later. Otherwise null. */
  #eventfd: ThreadEventfd | null = null;
  #listening = false;
  /** Number of tasks of all callers that are under way. */
  #underWay = 0;
  /** Resolves when the last of them has ended. Null: nobody waits for that. */
  #allReplied: PromiseWithResolvers<void> | null = null;
  #windingUp = false;
  /** Resolves when all accepted records have run. Null until the inbox is sealed. */
  #emptied: PromiseWithResolvers<void> | null = null;

  /** @throws {TypeError} @throws {RangeError} when `spin` or `wakeup` is invalid */
  constructor(
    owner: InboxOwner,
    { address = allocateInbox(owner.loop.name), spin = 0, wakeup }: LoopInboxOptions = {},
  ) {
    checkSpin(spin);
    checkWakeUp(wakeup);
    this.#wish = wakeup;
    this.#loop = owner.loop;
    this.ref = new LoopRef(address);
    setAddressOf(owner.loop, address);
    this.#exposed = new ExposedObjects(owner.loop, this.ref);
    this.#spinning = new Spinning(spin, {
      look: () => this.#reader.isSignalled() || collectReplies(),
      looked: restReplyInboxes,
      callsSent,
    });
    this.#reader = new InboxReader(address, {
      addReady: owner.addReady,
      putBack: owner.putBack,
      mayGoOn: owner.mayGoOn,
      wake: owner.wake,
      handlers: {
        calls: new CallHandler((name, thrown, isLate) => this.#failedCallback(name, thrown, isLate)),
        others: {
          [Kind.TASK]: (lane, at) => this.#startTask(lane, at),
          [Kind.CANCEL]: (lane, at) => this.#callers.get(lane)?.cancel(lane.callIdAt(at)),
        },
      },
      released: ({ producer }) => markProgress(producer),
      corrupted: (lane, exception) => this.#lostLane(lane, exception),
      producerLeft: (lane) => this.#forgetCaller(lane),
    });
  }

  get signalled(): boolean {
    return this.#reader.isSignalled();
  }

  /** How other threads wake this thread now. */
  get wakeup(): WakeUp {
    return this.#listening ? 'eventfd' : 'atomics';
  }

  /**
   * Offers an eventfd that can wake the loop's thread. The loop listens to it from the first time that it goes to sleep
   * and has exchanged calls with other threads.
   */
  offerEventfd(eventfd: ThreadEventfd): void {
    if (this.#wish !== 'atomics') this.#eventfd = eventfd;
  }

  /** Number of calls from other threads that have run, tasks included. */
  get received(): number {
    return this.#reader.received;
  }

  drain(): void {
    this.#tellIfEmpty(); // here too: a loop whose callbacks reschedule themselves never parks
    this.#reader.storeTasks(this.#underWay);
    if (this.#reader.collect()) this.#spinning.arrived();
  }

  park(isQuiet: boolean): 'asleep' | 'signalled' | 'awake' {
    this.#tellIfEmpty();
    this.#reader.storeTasks(this.#underWay);
    const looked = this.#spinning.lookAround(isQuiet);
    if (looked !== 'over') return looked;
    if (this.#eventfd !== null) this.#tryListen(this.#eventfd);
    return this.#reader.trySleep() ? 'asleep' : 'signalled';
  }

  seal(): Promise<void> {
    this.#reader.seal();
    this.#emptied ??= promiseWithResolvers();
    this.#tellIfEmpty();
    return this.#emptied.promise;
  }

  /**
   * Called before the loop is wound up. From now on, tasks of other threads are counted that begin only to be
   * cancelled.
   */
  beginWindingUp(): void {
    this.#windingUp = true;
  }

  /** Number of tasks that began after `beginWindingUp()` and were cancelled. */
  get lateCancelled(): number {
    return [...this.#callers.values()].reduce((sum, { lateCancelled }) => sum + lateCancelled, 0);
  }

  /** Resolves when no task of another thread is under way. */
  allReplied(): Promise<void> {
    const allReplied = (this.#allReplied ??= promiseWithResolvers());
    this.#countTasks(0);
    return allReplied.promise;
  }

  close(): void {
    this.#reader.seal();
    const reason = new LoopStateError(
      `Loop "${this.ref.name}" was closed before it replied`,
      'ERR_LOOP_CLOSED',
    );
    for (const lane of this.#reader.lanes()) {
      lane.refuseTasks((callId) => this.#callerOf(lane).refuse(callId, reason));
    }
    for (const caller of this.#callers.values()) caller.refuseAll(reason);
    this.#exposed.close();
    this.#reader.close();
    this.#eventfd = null;
    unlistenAsLoop(this.#reader);
  }

  #startTask(lane: LaneReader, at: number): void {
    const caller = this.#callerOf(lane);
    const callId = lane.callIdAt(at);
    let task: CalledTask;
    try {
      task = lane.readTask(at);
    } catch (thrown) {
      caller.refuse(callId, toError(thrown));
      return;
    }
    caller.start(task.fn, callId, task.args, this.#windingUp);
  }

  #callerOf(lane: LaneReader): CallerTasks {
    let caller = this.#callers.get(lane);
    if (caller !== undefined) return caller;
    // The REPLY_TO record before its first task has set replyTo.
    caller = new CallerTasks(this.#loop, lane.replyTo as InboxAddress, this.#countTasks);
    this.#callers.set(lane, caller);
    return caller;
  }

  #tryListen(eventfd: ThreadEventfd): void {
    if (!this.#reader.hasLanes() && !hasReplyInbox()) return;
    const found = listenAsLoop(this.#reader, eventfd);
    if (found === 'later') return;
    this.#eventfd = null;
    this.#listening = found === 'listening';
    if (this.#listening || this.#wish === undefined) return;
    process.emitWarning(
      `Loop "${this.ref.name}" is woken by Atomics.notify(): libuv cannot be made to wait for an eventfd here`,
      {
        type: 'RingloopWarning',
        code: 'RINGLOOP_WAKEUP',
      },
    );
  }

  #tellIfEmpty(): void {
    if (this.#emptied !== null && this.#reader.isEmpty()) this.#emptied.resolve();
  }

  readonly #countTasks = (change: number): void => {
    this.#underWay += change;
    if (this.#underWay > 0) return;
    this.#allReplied?.resolve();
    this.#allReplied = null;
  };

  /** Forgets a calling thread that is gone, and drops the inbox writer to its reply inbox. */
  #forgetCaller(lane: LaneReader): void {
    this.#callers.get(lane)?.forget();
    this.#callers.delete(lane);
    this.#exposed.forgetBorrower(lane.producer);
    if (lane.replyTo !== null) dropInboxWriter((lane.replyTo as InboxAddress).id); // as REPLY_TO sends it
  }

  /** Reports a lane that cannot be read. Its sender may wait for replies, so it is told that there will be none. */
  #lostLane({ replyTo, producer }: LaneReader, exception: Error): void {
    this.#loop.callExceptionHandler({ message: exception.message, exception });
    if (replyTo === null) return;
    // REPLY_TO carries an inbox address.
    replyEventually(() => inboxWriterTo(replyTo as InboxAddress).tellLost(this.ref.address.id, exception));
    markProgress(producer);
  }

  #failedCallback(name: string, thrown: unknown, isLate: boolean): void {
    if (endsTheLoop(thrown)) {
      if (!isLate) throw thrown;
      this.#loop[END_RUN](thrown);
      return;
    }
    this.#loop.callExceptionHandler({
      message: `Exception in callback ${name}() called from another thread`,
      exception: toError(thrown),
    });
  }
}
