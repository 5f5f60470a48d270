import type { Attachment } from './attachment.js';
import type { Block } from './block.js';
import { cancelFor } from './cancel-for.js';
import { cancelledError, type CancelledError, messageOf } from './errors.js';
import type { Future } from './future.js';
import { ENQUEUE, IN_CIRCLE, INTERRUPT } from './loop-internals.js';
import { Offer } from './offer.js';
import { mayWaitFor, refusalOf } from './refusal.js';
import type { Task } from './task.js';

/**
 * Knows what the async functions of a task, or of a block in it, wait for, and delivers cancellations to them. There
 * are two ways to wait. They differ in what the engine asks the future (see promise-class.ts):
 *
 * - an `await` of a future. Then the function certainly cannot continue before the future is settled. A cancellation
 *   cancels the future, as in CPython, and is thrown at that await.
 * - an attachment: a combinator (`Promise.race`), or a promise that follows the future, must learn how the
 *   future ends. Nobody can see whether the function waits for the promise that comes of it. A cancellation is
 *   offered to it (see offer.ts).
 *
 * A cancellation that reaches nobody is due: the next await throws it, or else the end of the function.
 */
export class Awaiter {
  readonly task: Task<unknown> | null;
  /** The block whose code these functions run. Blocks that they enter lie within it. */
  block: Block | null;
  /** How many awaits its functions have begun. If the number has grown, they have continued. */
  begun = 0;
  /** The task or the part of a task whose functions these are. When it is done, they have ended. */
  readonly #owner: Future<unknown>;
  /**
   * The awaited future. There are several if async functions run side by side. Only then a
   * Set is made, because it is large.
   */
  #awaited: Future<unknown> | null = null;
  #alsoAwaited: Set<Future<unknown>> | null = null;
  #attachments: Set<Attachment> | null = null;
  #due: CancelledError | null = null;
  /** Whether its functions are callbacks of Node that other functions have set up. No task waits for them. */
  readonly #isOfCallbacks: boolean;
  #ofCallbacks: Awaiter | null = null;

  constructor(
    owner: Future<unknown>,
    task: Task<unknown> | null,
    { block = null, isOfCallbacks = false }: { block?: Block | null; isOfCallbacks?: boolean } = {},
  ) {
    this.#owner = owner;
    this.task = task;
    this.block = block;
    this.#isOfCallbacks = isOfCallbacks;
  }

  /**
   * The awaiter of the callbacks of Node that its functions have set up. They belong to the task, but
   * the task does not wait for them.
   */
  get ofCallbacks(): Awaiter {
    if (this.#isOfCallbacks) return this;
    return (this.#ofCallbacks ??= new Awaiter(this.#owner, this.task, { isOfCallbacks: true }));
  }

  /** The task or the part of a task whose functions these are. */
  get owner(): Future<unknown> {
    return this.#owner;
  }

  /** Whether its functions can wait for `future`. */
  mayWaitFor(future: Future<unknown>): boolean {
    return mayWaitFor(this.task ?? this.#owner, future);
  }

  /** Why its functions cannot wait for `future`, or null if they can. */
  refusalOf(future: Future<unknown>): Error | null {
    return refusalOf(this.task ?? this.#owner, future);
  }

  beginAwait(future: Future<unknown>): void {
    if (this.#isOfCallbacks) return;
    this.begun++;
    if (this.#awaited === null || this.#awaited === future) this.#awaited = future;
    else (this.#alsoAwaited ??= new Set()).add(future);
    if (this.#due !== null) this.#deliverSoon();
  }

  /** Takes back an await that was none. */
  takeBackAwait(future: Future<unknown>, isLast: boolean): void {
    if (this.#isOfCallbacks) return;
    this.begun--;
    if (isLast) this.endAwait(future);
  }

  endAwait(future: Future<unknown>): void {
    if (this.#awaited === future) this.#awaited = null;
    else this.#alsoAwaited?.delete(future);
  }

  attach(attachment: Attachment): void {
    if (this.#isOfCallbacks) return;
    attachment.begunBefore = this.begun;
    attachment.isBesideAwait = this.#awaited !== null;
    (this.#attachments ??= new Set()).add(attachment);
    if (this.#due !== null) this.#deliverSoon();
  }

  detach(attachment: Attachment): void {
    this.#attachments?.delete(attachment);
  }

  /** The futures that its functions wait for. */
  waits(): Future<unknown>[] {
    const attached = this.#attachments === null ? [] : [...this.#attachments].map(({ future }) => future);
    return [...new Set([...this.#allAwaited(), ...attached])];
  }

  /** Asks its functions to stop: each of them throws a CancelledError at its current await, or else at the next one. */
  deliver(message: string | undefined): void {
    const only = this.#alsoAwaited === null && this.#attachments === null ? this.#awaited : null;
    if (only !== null) {
      if (!interrupt(this, only, message)) this.#due = cancelledError(message);
      return; // nearly always the case
    }
    const attachments = [...(this.#attachments ?? [])];
    // The functions most likely wait for what was attached after the last await had begun.
    const isLatest = ({ begunBefore }: Attachment): boolean => begunBefore === this.begun;
    const followed = attachments.filter((each) => !each.isCombined && isLatest(each));
    const awaited = [...this.#allAwaited(), ...followed.map(({ future }) => future)];
    const accepted = awaited.filter((future) => interrupt(this, future, message));
    const error = cancelledError(message);
    // A future that is done can no longer be cancelled, but its await has not continued yet and can still throw.
    if (accepted.length < awaited.length || awaited.length === 0) this.#due = error;
    const asked = attachments.filter((each) => each.isCombined || !accepted.includes(each.future));
    if (asked.length === 0) return;
    const reached = accepted.length > 0;
    // If an await was reached, its function is the one that waits, unless several functions run side by side.
    const earlier = asked.filter((each) => !isLatest(each) && (!reached || each.isBesideAwait));
    const offer = new Offer(this, error, { reached, earlier });
    for (const attachment of asked.filter(isLatest)) attachment.offer(offer);
    this.#owner.getLoop()[ENQUEUE](offer); // runs after the attachments
  }

  /** Takes back the cancellation that is due. */
  takeCancellation(): CancelledError | null {
    const due = this.#due;
    this.#due = null;
    return due;
  }

  /** Makes `error` due. The next await throws it, or a current await that has not continued yet. */
  postponeCancellation(error: CancelledError): void {
    this.#due = error;
  }

  /** Whether `error` is due. */
  owes(error: CancelledError): boolean {
    return this.#due === error;
  }

  /** Records that `error` was delivered. */
  settleCancellation(error: CancelledError): void {
    if (this.#due === error) this.#due = null;
  }

  /**
   * Delivers the due cancellation after the function has suspended. Only then is it known whether this is an await, and
   * what else the function waits for.
   */
  #deliverSoon(): void {
    void RESOLVED.then(() => {
      const due = this.takeCancellation();
      if (due !== null) this.deliver(messageOf(due));
    });
  }

  #allAwaited(): Future<unknown>[] {
    const first = this.#awaited === null ? [] : [this.#awaited];
    return this.#alsoAwaited === null ? first : [...first, ...this.#alsoAwaited];
  }
}

const RESOLVED = Promise.resolve();

/**
 * Cancels `future`. If it is a task that waits, in a circle, for the task that asks, it cannot be cancelled first. Then
 * only the await is made to throw.
 */
function interrupt(code: Awaiter, future: Future<unknown>, message: string | undefined): boolean {
  return (
    cancelFor(code, future, message) || (future[IN_CIRCLE] && future[INTERRUPT](cancelledError(message)))
  );
}
