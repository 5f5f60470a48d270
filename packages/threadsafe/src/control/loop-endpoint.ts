/**
 * The endpoint of Comlink's proxies. Each request becomes one `runCoroutineThreadsafe()` with all its properties:
 * order, notice of the peer's death, complete errors, cancellation, and a process that stays alive until the reply.
 *
 * Comlink keeps pending calls in a map, which `releaseProxy` empties: their callers would wait for ever. So this
 * endpoint leaves Comlink nothing to keep. It hands it the reply within `postMessage()`, as a promise that has the
 * request's id. Comlink resolves the caller's promise with that promise, so the caller's promise is settled as the
 * reply is, errors included.
 */
import { InvalidStateError, TimeoutError } from '@ringloop/core';
import { peekRunningLoop, toError } from '@ringloop/core/internal';
import { messageOf } from '../codec/clone-failure.js';
import { CloneError } from '../errors.js';
import { InboxMemory, thisProducer } from '../memory/inbox-memory.js';
import type { ConcurrentFuture } from '../calls/concurrent-future.js';
import { isUnreachable, sendEventually } from '../calls/retry-send.js';
import type { CallableLoop } from './callable-loop.js';
import { startDeadline } from './deadline.js';
import { deliver, giveBack, lendOn, type Path, type Request } from './deliver.js';
import type { Target } from './exposed-objects.js';
import { packArguments, takeBack, unpack, type WireValue } from './values.js';
import { LentObject, type LentObjectWire } from './lent-object.js';

/** The messages that Comlink's proxies post. Comlink's own types use enums that do not exist at run time. */
type Message = { readonly id: string } & (
  | { readonly type: 'GET'; readonly path: readonly string[] }
  | { readonly type: 'SET'; readonly path: readonly string[]; readonly value: WireValue }
  | {
      readonly type: 'APPLY' | 'CONSTRUCT';
      readonly path: readonly string[];
      readonly argumentList: readonly WireValue[];
    }
  | { readonly type: 'ENDPOINT' | 'RELEASE' }
);

type Listener = (event: { readonly data: Promise<WireValue> & { readonly id: string } }) => void;

/** Options of a LoopEndpoint. */
export interface EndpointOptions {
  readonly ref: CallableLoop;
  readonly target: Target;
  /** The name of the object in messages. */
  readonly label: string;
  /** Timeout of each call in seconds, or null for none. */
  readonly timeout: number | null;
}

/** One object of another loop, as Comlink's Endpoint. */
export class LoopEndpoint {
  readonly #ref: CallableLoop;
  readonly #target: Target;
  readonly #label: string;
  readonly #timeout: number | null;
  #listener: Listener | null = null;
  #released = false;
  /** How often the object has arrived here, less how often it was released. */
  #arrivals = 1;

  constructor({ ref, target, label, timeout }: EndpointOptions) {
    this.#ref = ref;
    this.#target = target;
    this.#label = label;
    this.#timeout = timeout;
  }

  /** For Comlink, which listens once. */
  addEventListener(_type: string, listener: Listener): void {
    this.#listener = listener;
  }

  /** For Comlink. */
  removeEventListener(): void {
    this.#listener = null;
  }

  /** For Comlink. It does not throw: the reply rejects instead. */
  postMessage(message: Message, transfer: readonly unknown[] = []): void {
    this.#listener?.({ data: Object.assign(this.#replyTo(message, transfer), { id: message.id }) });
  }

  #replyTo(message: Message, transfer: readonly unknown[]): Promise<WireValue> {
    switch (message.type) {
      case 'RELEASE': // Comlink's proxies were garbage-collected
        this.#releaseAll(this.#arrivals);
        return Promise.resolve({ type: 'RAW', value: undefined });
      case 'ENDPOINT':
        return Promise.reject(
          new CloneError(`Cannot give a MessagePort to ${this.#label}: calls go through shared memory`),
        );
      case 'GET':
        return this.#ask(message.type, message.path, [], transfer);
      case 'SET':
        return this.#set(message.path, message.value, transfer);
      default:
        return this.#ask(message.type, message.path, message.argumentList, transfer);
    }
  }

  /**
   * Nobody sees the promise of an assignment. So a failure is reported to the loop's exception handler, or else as a
   * warning.
   */
  #set(path: readonly string[], value: WireValue, transfer: readonly unknown[]): Promise<WireValue> {
    const loop = peekRunningLoop();
    return this.#ask('SET', path, [value], transfer).catch((thrown: unknown) => {
      const exception = toError(thrown);
      if (loop === null || loop.isClosed()) process.emitWarning(exception);
      else {
        const message = `Cannot set ${this.#describe('SET', path)} in loop "${this.#ref.name}"`;
        loop.callExceptionHandler({ message, exception });
      }
      return { type: 'RAW', value: true };
    });
  }

  async #ask(
    request: Request,
    path: readonly string[],
    args: readonly WireValue[],
    transfer: readonly unknown[],
  ): Promise<WireValue> {
    const what = this.#describe(request, path);
    if (this.#released) throw new InvalidStateError(`Cannot use ${what}: its proxy has been released`);
    const value = await this.#settleInTime(this.#call(request, path, args, transfer, what), what);
    return { type: 'RAW', value: unpack(value) };
  }

  #call(
    request: Request,
    path: readonly string[],
    args: readonly WireValue[],
    transfer: readonly unknown[],
    what: string,
  ): ConcurrentFuture<unknown> {
    const borrower = new InboxMemory(this.#ref.address.memory).owner;
    const packed = packArguments(args, transfer, borrower, what);
    const [only] = path;
    const where: Path = path.length === 1 && only !== undefined ? only : path;
    try {
      return this.#ref.runCoroutineThreadsafe(deliver, this.#target, thisProducer, request, where, ...packed);
    } catch (thrown) {
      takeBack(packed);
      if (!(thrown instanceof CloneError)) throw thrown;
      const reason = messageOf(thrown.cause);
      throw new CloneError(`Cannot send the arguments of ${what}: ${reason} (can proxy() help?)`, {
        cause: thrown.cause,
      });
    }
  }

  /**
   * The reply, or a TimeoutError. After a timeout the other loop is asked to cancel the task, and its reply is dropped.
   */
  #settleInTime(reply: ConcurrentFuture<unknown>, what: string): Promise<unknown> {
    const loop = peekRunningLoop();
    const timeout = this.#timeout;
    return new Promise((resolve, reject) => {
      reply.then(resolve, reject); // attach now, in the running loop, for the task that calls
      reply.onDone(() => {
        if (loop?.isClosed() === true) settle(reply, resolve, reject); // a closed loop settles nothing any more
      });
      if (timeout === null) return;
      const callOff = startDeadline(timeout, () => {
        reject(
          new TimeoutError(`Loop "${this.#ref.name}" did not reply to ${what} within ${timeout} seconds`),
        );
        reply.cancel();
      });
      reply.onDone(callOff);
    });
  }

  /** Counts one more arrival of the object. False: the proxy was released before. */
  tryArrive(): boolean {
    if (this.#released) return false;
    this.#arrivals++;
    return true;
  }

  /**
   * Lends the object on, for a proxy that is sent to the thread of `borrower`. @throws as
   * `LoopRef.callSoonThreadsafe()` does
   */
  lendOn(borrower: number): LentObject {
    const [ref, target, label] = [this.#ref, this.#target, this.#label];
    if (this.#released) throw new InvalidStateError(`Cannot send ${label}: its proxy has been released`);
    const wire: LentObjectWire = { kind: 'LentObject', loop: ref.toWire(), target, label };
    if (typeof target === 'string') return new LentObject(wire, () => undefined);
    try {
      // Report it before this thread, or the other one, can give the object back.
      ref.callSoonThreadsafe(lendOn, target, borrower);
    } catch (thrown) {
      if (!isUnreachable(thrown)) throw thrown;
      return new LentObject(wire, () => undefined); // calls through the proxy will fail with the reason
    }
    return new LentObject(wire, () => this.#giveBack(target, borrower, 1));
  }

  /**
   * Releases the proxy. Must be called as often as the object has arrived. The last call makes later calls reject,
   * settles pending calls and gives a lent object back. Further releases do nothing.
   */
  release(): void {
    if (this.#arrivals > 1) {
      this.#arrivals--;
      if (typeof this.#target === 'number') this.#giveBack(this.#target, thisProducer, 1);
    } else this.#releaseAll(1);
  }

  #releaseAll(arrivals: number): void {
    if (this.#released) return;
    this.#released = true;
    if (typeof this.#target === 'number') this.#giveBack(this.#target, thisProducer, arrivals);
  }

  #giveBack(number: number, borrower: number, count: number): void {
    try {
      sendEventually(() => this.#ref.callSoonThreadsafe(giveBack, number, borrower, count));
    } catch (thrown) {
      // No lane is free. No caller could help, and a finalizer must not throw. The owner keeps the object until this
      // thread ends.
      process.emitWarning(toError(thrown));
    }
  }

  #describe(request: string, path: readonly string[]): string {
    const name = [this.#label, ...path].join('.');
    if (request === 'CONSTRUCT') return `new ${name}()`;
    return request === 'APPLY' ? `${name}()` : name;
  }
}

function settle<T>(
  done: ConcurrentFuture<T>,
  resolve: (value: T) => void,
  reject: (reason: unknown) => void,
): void {
  try {
    resolve(done.result());
  } catch (thrown) {
    reject(thrown);
  }
}
