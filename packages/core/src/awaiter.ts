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
 * What the async functions of a task, or of a block in it, wait for, and how a cancellation reaches them. There are two ways to
 * wait, which are told apart by what the engine asks the future (see promise-class.ts):
 *
 * - an `await` of a future. It is certain: the function cannot go on before the future is settled. A cancellation cancels the
 *   future, as in CPython, and is thrown at that await.
 * - an attachment: a combinator (`Promise.race`) or a promise that follows wants to be told how the future ends. Whether the
 *   function waits for what comes of that, nobody can see. A cancellation is offered to it (see offer.ts).
 *
 * A cancellation that reaches nobody is due: the next await throws it, or else the end of the function.
 */
export class Awaiter {
  readonly task: Task<unknown> | null;
  /** The block whose code runs in it, for what is entered there. */
  block: Block | null;
  /** How often one of its functions has begun to await. Who has seen this number before can tell whether they have gone on. */
  begun = 0;
  /** What its functions are: a task or a part of one; when it is done, they have ended. */
  readonly #owner: Future<unknown>;
  /** What is awaited: usually one future, several where async functions run side by side. A Set only for more: it is large. */
  #awaited: Future<unknown> | null = null;
  #alsoAwaited: Set<Future<unknown>> | null = null;
  #attachments: Set<Attachment> | null = null;
  #due: CancelledError | null = null;
  /** Its functions are not waited for: callbacks of Node that others have set up. */
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

  /** For callbacks of Node that its functions have set up: they know the task, but are not what it waits for. */
  get ofCallbacks(): Awaiter {
    if (this.#isOfCallbacks) return this;
    return (this.#ofCallbacks ??= new Awaiter(this.#owner, this.task, { isOfCallbacks: true }));
  }

  /** What its functions are: a task, or part of one. */
  get owner(): Future<unknown> {
    return this.#owner;
  }

  /** Whether its functions can wait for `future`. */
  mayWaitFor(future: Future<unknown>): boolean {
    return mayWaitFor(this.task ?? this.#owner, future);
  }

  /** Why its functions cannot wait for `future`; null where they can. */
  refusalOf(future: Future<unknown>): Error | null {
    return refusalOf(this.task ?? this.#owner, future);
  }

  /** One of its functions begins to await `future`. */
  beginAwait(future: Future<unknown>): void {
    if (this.#isOfCallbacks) return;
    this.begun++;
    if (this.#awaited === null || this.#awaited === future) this.#awaited = future;
    else (this.#alsoAwaited ??= new Set()).add(future);
    if (this.#due !== null) this.#deliverSoon();
  }

  /** It was none, but only looked like an await. */
  takeBackAwait(future: Future<unknown>, isLast: boolean): void {
    if (this.#isOfCallbacks) return;
    this.begun--;
    if (isLast) this.endAwait(future);
  }

  /** An await is over. */
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

  /** What it waits for. */
  waits(): Future<unknown>[] {
    const attached = this.#attachments === null ? [] : [...this.#attachments].map(({ future }) => future);
    return [...new Set([...this.#allAwaited(), ...attached])];
  }

  /** Asks its functions to stop: each throws a CancelledError at its await, or else at the next one. */
  deliver(message: string | undefined): void {
    const only = this.#alsoAwaited === null && this.#attachments === null ? this.#awaited : null;
    if (only !== null) {
      if (!interrupt(this, only, message)) this.#due = cancelledError(message);
      return; // it is nearly always so
    }
    const attachments = [...(this.#attachments ?? [])];
    // What was attached after the last await had begun is most likely what is waited for.
    const isLatest = ({ begunBefore }: Attachment): boolean => begunBefore === this.begun;
    const followed = attachments.filter((each) => !each.isCombined && isLatest(each));
    const awaited = [...this.#allAwaited(), ...followed.map(({ future }) => future)];
    const accepted = awaited.filter((future) => interrupt(this, future, message));
    const error = cancelledError(message);
    // A future that is done cannot be cancelled any more, but its await has not gone on yet and can still throw.
    if (accepted.length < awaited.length || awaited.length === 0) this.#due = error;
    const asked = attachments.filter((each) => each.isCombined || !accepted.includes(each.future));
    if (asked.length === 0) return;
    const reached = accepted.length > 0;
    // Whoever was reached is the function that waits, unless several run side by side.
    const earlier = asked.filter((each) => !isLatest(each) && (!reached || each.isBesideAwait));
    const offer = new Offer(this, error, { reached, earlier });
    for (const attachment of asked.filter(isLatest)) attachment.offer(offer);
    this.#owner.getLoop()[ENQUEUE](offer); // behind them
  }

  /** The cancellation that is due, taken back. */
  takeCancellation(): CancelledError | null {
    const due = this.#due;
    this.#due = null;
    return due;
  }

  /** The next await throws `error`, or the one that is waiting to go on. */
  postponeCancellation(error: CancelledError): void {
    this.#due = error;
  }

  /** Whether `error` is due. */
  owes(error: CancelledError): boolean {
    return this.#due === error;
  }

  /** `error` was delivered. */
  settleCancellation(error: CancelledError): void {
    if (this.#due === error) this.#due = null;
  }

  /** Not now: whether this is an await, and what else is waited for, shows when the function has suspended. */
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

/** A task that waits for the very task that asks cannot be cancelled first: then the await alone is made to throw. */
function interrupt(code: Awaiter, future: Future<unknown>, message: string | undefined): boolean {
  return (
    cancelFor(code, future, message) || (future[IN_CIRCLE] && future[INTERRUPT](cancelledError(message)))
  );
}
