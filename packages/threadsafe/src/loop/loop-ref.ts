import { inspect, types } from 'node:util';
import { type StopFunction, typeError } from '@ringloop/core/internal';
import type { ConcurrentFuture } from '../calls/concurrent-future.js';
import './on-thread-exit.js'; // a thread that can call must learn of the ends of others
import { expose, type Exposure } from '../control/exposed-objects.js';
import type { Remote } from '../control/remote-object.js';
import { wrap, type WrapOptions } from '../control/wrap.js';
import type { InboxAddress } from '../memory/inbox-memory.js';
import { replyInboxFor } from '../calls/reply-inbox.js';
import { inboxWriterTo, peekInboxWriter } from '../calls/inbox-writers.js';
import type { LoopRefStatistics, InboxWriter } from '../calls/inbox-writer.js';
import type { RemoteFunction, RemoteResult } from '../references/remote.js';
import { registerSendable, type Sendable, WIRE, type Wire, wireIn } from '../codec/sendable.js';
import { isUnreachable } from '../calls/retry-send.js';
import { RingFullError } from '../errors.js';
import type { ThreadsafeHandle } from '../calls/threadsafe-handle.js';
import { checkWhenFull, type LoopRefOptions, SPILL, THROW, type WhenFull } from '../calls/when-full.js';

/** The form in which a LoopRef is sent. */
interface LoopRefWire extends Wire {
  readonly kind: 'LoopRef';
  readonly address: InboxAddress;
}

/**
 * A loop of any thread, as other threads refer to it. It can be sent to any thread: as an argument or result of a call,
 * or as `ref.toWire()` in `workerData` and in Node's own messages.
 */
export class LoopRef implements Sendable<LoopRefWire> {
  /** @internal */
  readonly [WIRE]: LoopRefWire;
  readonly #whenFull: WhenFull;
  #writer: InboxWriter | null = null;

  /** @internal */
  constructor(address: InboxAddress, whenFull: WhenFull = SPILL) {
    this.#whenFull = whenFull;
    this[WIRE] = { kind: 'LoopRef', address };
  }

  /**
   * Makes a reference from the result of `toWire()`. @throws {TypeError} ERR_INVALID_ARG_TYPE when `wire` is something
   * else
   */
  static fromWire(wire: unknown): LoopRef {
    const address = (wireIn(wire) as Partial<LoopRefWire> | null)?.address; // if it is one
    if (address === undefined || !types.isSharedArrayBuffer(address.memory)) {
      throw typeError(`Cannot make a LoopRef of ${inspect(wire, { depth: 0 })}: toWire() did not make it`);
    }
    return new LoopRef(address);
  }

  /** The reference in a form that `postMessage` and `workerData` can carry. */
  toWire(): object {
    return { [WIRE]: this[WIRE] };
  }

  /** The address of its inbox. @internal */
  get address(): InboxAddress {
    return this[WIRE].address;
  }

  /**
   * Identifies the loop: it is unique in this process, and all references to the loop have it, in whatever thread and
   * however often they have arrived. For keys of a Map, and for logs. To compare two references, use `equals()`.
   */
  get id(): string {
    return this.address.id;
  }

  /** Whether `other` is a reference to the same loop. Their options may differ. */
  equals(other: unknown): boolean {
    return other instanceof LoopRef && other.id === this.id;
  }

  /** The name of the loop; several loops may have the same. */
  get name(): string {
    return this.address.name;
  }

  /**
   * A reference to the same loop with other options for a full ring. Options that are not given stay as they are. The
   * options are valid in this thread only: they are not sent along.
   * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @throws {MainThreadError} for 'block' in the main thread
   */
  withOptions(options: LoopRefOptions): LoopRef {
    return new LoopRef(this.address, checkWhenFull(options, this.#whenFull));
  }

  /**
   * Statistics about this thread's calls into the loop, through all of its references. Claims a lane if the thread has
   * none yet, and then throws what `callSoonThreadsafe()` throws. The statistics of a closed loop are forgotten after
   * some time, except by the references that have called it.
   */
  statistics(): LoopRefStatistics {
    return this.#out().statistics();
  }

  /**
   * Number of calls that this thread has made into the loop. It is 0 once the loop is closed and forgotten, except in
   * references that have called it.
   */
  get sent(): number {
    return (this.#writer ?? peekInboxWriter(this.address.id))?.sent ?? 0;
  }

  /**
   * Calls `fn(...args)` in the loop as soon as possible. Calls of one thread run in the order in which they were made.
   * A call costs little more than writing its arguments, and wakes the loop only if it sleeps. Python:
   * loop.call_soon_threadsafe().
   * @param fn made by `remote()` or `remoteModule()`, or the `stop` of any loop
   * @throws {LoopStateError} ERR_LOOP_CLOSED when the loop is closed
   * @throws {PeerExitedError} when its thread has ended
   * @throws {RingFullError} when the loop is too far behind
   * @throws {CloneError} when an argument cannot be sent
   * @throws {RemoteFunctionError} when `fn` is not known to other threads
   * @throws {TypeError} when `fn` is an async function: see `runCoroutineThreadsafe()`. For a function of
   *   `remoteModule()` this is only known once it is called: then the other loop's exception handler gets the TypeError
   * @throws {TooManyProducersError} when too many threads call into the loop
   */
  callSoonThreadsafe<A extends unknown[]>(fn: RemoteCallback<A>, ...args: A): ThreadsafeHandle {
    const writer = this.#writer ?? this.#out(); // the writer checks a function when it first meets it
    // Pass the arguments on one by one, and read only those that exist: then V8 need not make the array for the most
    // common call.
    if (args.length === 1) {
      const only = args[0];
      if (typeof only === 'number') return writer.callWithNumber(this.#whenFull, fn as RemoteFunction, only);
      if (typeof only === 'string') return writer.callWithText(this.#whenFull, fn as RemoteFunction, only);
    }
    return writer.call(this.#whenFull, fn as RemoteFunction, ...args);
  }

  /**
   * Calls `fn(...args)` as `callSoonThreadsafe()` does, but returns false when the loop is closed or gone or the ring
   * is full. Never blocks. Throws errors of the call itself.
   */
  tryCallSoonThreadsafe<A extends unknown[]>(fn: RemoteCallback<A>, ...args: A): boolean {
    try {
      this.#out().call(
        this.#whenFull.whenFull === 'block' ? THROW : this.#whenFull,
        fn as RemoteFunction,
        ...args,
      );
      return true;
    } catch (thrown) {
      if (thrown instanceof RingFullError || isUnreachable(thrown)) return false;
      throw thrown;
    }
  }

  /**
   * Done when all calls that this thread has made into the loop so far have run, and all their tasks have begun.
   * Rejects with LoopStateError ERR_LOOP_CLOSED or PeerExitedError when that cannot happen any more. Throws these if
   * nothing was sent before.
   */
  drained(): ConcurrentFuture<void> {
    return this.#out().drained();
  }

  /**
   * Runs `fn(...args)` as a task of the loop. The future gets the task's result or error, and cancelling either cancels
   * the other. Python: asyncio.run_coroutine_threadsafe(). Throws as `callSoonThreadsafe()` does, and rejects with
   * PeerExitedError when the thread ends before the reply.
   */
  runCoroutineThreadsafe<A extends unknown[], R>(
    fn: RemoteFunction<A, R>,
    ...args: A
  ): ConcurrentFuture<RemoteResult<R>> {
    return this.#out().runTask<RemoteResult<R>>(this.#whenFull, fn, args, replyInboxFor);
  }

  /**
   * Lets other threads use `object` through `ref.wrap(name)`, until the registration or the loop is closed. Each method
   * call, and each read or write of a property, is a task of this loop. Only the loop's own thread may call this,
   * before or while the loop runs.
   * @throws {NameTakenError} when the loop exposes something of that name
   * @throws {LoopStateError} ERR_OTHER_LOOP in another thread, ERR_LOOP_CLOSED when the loop is closed
   * @throws {TypeError} ERR_INVALID_ARG_TYPE when `name` is no string or `object` neither an object nor a function
   */
  expose(name: string, object: object): Exposure {
    return expose(this, name, object);
  }

  /**
   * A proxy of the object that the loop exposes under `name`. Its methods return promises here, and each property that
   * is read is a promise. `proxy[releaseProxy]()`, or the end of `using`, releases it. Nothing is sent before it is
   * used, so it may be made before the object is exposed. Calls run in the order in which they were made. They reject
   * with the error that the method throws; with NotExposedError when there is nothing of that name; with TimeoutError
   * after `timeout` seconds; and for the reasons for which `runCoroutineThreadsafe()` throws and rejects. Cancelling a
   * task that awaits a call cancels the call.
   * @throws {TypeError} ERR_INVALID_ARG_TYPE when `name` is no string or `timeout` neither a number nor null
   */
  wrap<T>(name: string, options: WrapOptions = {}): Remote<T> {
    return wrap<T>(this, name, options);
  }

  #out(): InboxWriter {
    return (this.#writer ??= inboxWriterTo(this.address));
  }

  /** For `util.inspect()` and `console.log()`. */
  [inspect.custom](): string {
    return `<LoopRef ${this.name} id=${this.id}>`;
  }
}

/** A function for `callSoonThreadsafe()`: a remote function, or a loop's own `stop`. */
export type RemoteCallback<A extends unknown[]> = RemoteFunction<A> | (A extends [] ? StopFunction : never);

registerSendable<LoopRefWire>('LoopRef', LoopRef, ({ address }) => new LoopRef(address));
