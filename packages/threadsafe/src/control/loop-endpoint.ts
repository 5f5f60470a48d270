/**
 * What Comlink's proxies talk to: each request becomes one `runCoroutineThreadsafe()`, with all that comes with it (order, the
 * death of the peer, errors intact, cancellation, a process that stays alive until the answer).
 *
 * Comlink keeps the calls it waits for in a map, which `releaseProxy` empties: those callers would wait for ever. So it is given
 * nothing to keep. Within `postMessage()` it is handed its answer at once, as a promise that has the request's id; it resolves
 * the caller's promise with that, which thereby takes over how the answer ends, its error included.
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
import {
  LentObject,
  type LentObjectWire,
  packArguments,
  takeBack,
  unpack,
  type WireValue,
} from './values.js';

/** What Comlink's proxies post. Its own types have enums that do not exist when the program runs. */
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

/** Which object an endpoint leads to. */
export interface EndpointOptions {
  readonly ref: CallableLoop;
  readonly target: Target;
  /** What the object is called in messages. */
  readonly label: string;
  /** Seconds for each call, or null. */
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
  /** How often the object has arrived here that has not been released. */
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

  /** For Comlink. It does not throw: what goes wrong is the answer. */
  postMessage(message: Message, transfer: readonly unknown[] = []): void {
    this.#listener?.({ data: Object.assign(this.#answer(message, transfer), { id: message.id }) });
  }

  #answer(message: Message, transfer: readonly unknown[]): Promise<WireValue> {
    switch (message.type) {
      case 'RELEASE': // its proxies were collected
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

  /** Nobody gets to see the promise of an assignment, so a failure is reported where what nobody can catch is. */
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
    const value = await this.#outcome(this.#call(request, path, args, transfer, what), what);
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

  /** The answer, or a TimeoutError; then the other loop is asked to cancel the task, and its answer is dropped. */
  #outcome(answer: ConcurrentFuture<unknown>, what: string): Promise<unknown> {
    const loop = peekRunningLoop();
    const timeout = this.#timeout;
    return new Promise((resolve, reject) => {
      answer.then(resolve, reject); // here and now: in the loop that runs, for the task that calls
      answer.onDone(() => {
        if (loop?.isClosed() === true) settle(answer, resolve, reject); // it brings nothing to anyone any more
      });
      if (timeout === null) return;
      const callOff = startDeadline(timeout, () => {
        reject(new TimeoutError(`Loop "${this.#ref.name}" did not answer ${what} within ${timeout} seconds`));
        answer.cancel();
      });
      answer.onDone(callOff);
    });
  }

  /** The object has arrived once more. False: it was released before. */
  tryArrive(): boolean {
    if (this.#released) return false;
    this.#arrivals++;
    return true;
  }

  /** For a proxy that is sent to the thread of `borrower`. @throws as `LoopRef.callSoonThreadsafe()` does */
  lendOn(borrower: number): LentObject {
    const [ref, target, label] = [this.#ref, this.#target, this.#label];
    if (this.#released) throw new InvalidStateError(`Cannot send ${label}: its proxy has been released`);
    const wire: LentObjectWire = { kind: 'LentObject', loop: ref.toWire(), target, label };
    if (typeof target === 'string') return new LentObject(wire, () => undefined);
    try {
      // Before this thread can give the object back, or the other one.
      ref.callSoonThreadsafe(lendOn, target, borrower);
    } catch (thrown) {
      if (!isUnreachable(thrown)) throw thrown;
      return new LentObject(wire, () => undefined); // calls through it say so
    }
    return new LentObject(wire, () => this.#giveBack(target, borrower, 1));
  }

  /**
   * Once for each time that the object has arrived: with the last, later calls reject, those that are pending settle, and a lent object
   * is given back. Can be repeated.
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
      // No lane is free. Nothing called here could help, and a finalizer must not throw: the owner keeps the object until this thread ends.
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
