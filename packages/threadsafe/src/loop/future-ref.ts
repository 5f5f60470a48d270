import { inspect } from 'node:util';
import { type BaseEventLoop, Future, Handle, Task } from '@ringloop/core';
import { HANDLE_LOOP, typeError } from '@ringloop/core/internal';
import type { InboxAddress } from '../memory/inbox-memory.js';
import { type NumberedObject, numberOf } from '../calls/numbered-objects.js';
import { LoopRef } from './loop-ref.js';
import { registerSendable, type Sendable, WIRE, type Wire } from '../codec/sendable.js';
import type { ThreadsafeHandle } from '../calls/threadsafe-handle.js';
import { cancelObject, setExceptionOf, setResultOf } from '../calls/builtin-functions.js';

interface ObjectWire extends Wire {
  readonly kind: 'FutureRef' | 'CancelRef';
  readonly address: InboxAddress;
  readonly number: number;
}

/** A task or a handle of another thread's loop, which can be cancelled there. It can be sent to any thread. */
export class CancelRef implements Sendable<ObjectWire> {
  /** @internal */
  readonly [WIRE]: ObjectWire;
  readonly #loop: LoopRef;

  /** @internal */
  constructor(wire: ObjectWire) {
    this[WIRE] = wire;
    this.#loop = new LoopRef(wire.address);
  }

  /** The loop that it belongs to. */
  get loop(): LoopRef {
    return this.#loop;
  }

  /**
   * Cancels it in its loop; does nothing if it is done by then. Throws as `LoopRef.callSoonThreadsafe()` does. Python:
   * loop.call_soon_threadsafe(task.cancel).
   */
  cancel(): ThreadsafeHandle {
    return this.#loop.callSoonThreadsafe(cancelObject, this[WIRE].number);
  }

  /** For `util.inspect()` and `console.log()`. */
  [inspect.custom](): string {
    return `<${this[WIRE].kind} ${this[WIRE].number} of ${this.#loop.name}>`;
  }
}

/** A future of another thread's loop, which can be settled there. It can be sent to any thread. */
export class FutureRef<T> extends CancelRef {
  /**
   * Sets the result of the future, in its loop. If the future is done by then, that loop's exception handler gets the
   * InvalidStateError. Throws as `LoopRef.callSoonThreadsafe()` does. Python:
   * loop.call_soon_threadsafe(future.set_result, value).
   */
  setResult(value: T): ThreadsafeHandle {
    return this.loop.callSoonThreadsafe(setResultOf, this[WIRE].number, value);
  }

  /** Sets an error instead; otherwise as `setResult()`. Python: future.set_exception. */
  setException(exception: Error): ThreadsafeHandle {
    return this.loop.callSoonThreadsafe(setExceptionOf, this[WIRE].number, exception);
  }
}

/**
 * A reference to a task, a handle or a future of a loop of this thread, with which other threads can cancel or settle
 * it. (Python's threads use the object itself.) A future is kept until it is done.
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when it is something else, or its loop cannot be called from other threads
 */
export function refTo(target: Task<never> | Handle): CancelRef;
export function refTo<T>(target: Future<T>): FutureRef<T>;
export function refTo(target: Task<never> | Handle | Future<unknown>): CancelRef {
  if (!(target instanceof Future || target instanceof Handle)) {
    throw typeError(`target must be a future, a task or a handle, got ${inspect(target)}`);
  }
  const address = addressOf(target);
  const number = numberOf(target);
  if (target instanceof Task || target instanceof Handle)
    return new CancelRef({ kind: 'CancelRef', address, number });
  return new FutureRef({ kind: 'FutureRef', address, number });
}

const addresses = new WeakMap<BaseEventLoop, InboxAddress>();

/** Called by the inbox of a loop: objects of the loop are reached through it. */
export function setAddressOf(loop: BaseEventLoop, address: InboxAddress): void {
  addresses.set(loop, address);
}

function addressOf(target: NumberedObject): InboxAddress {
  const address = addresses.get(target instanceof Future ? target.getLoop() : target[HANDLE_LOOP]);
  if (address === undefined)
    throw typeError(`Cannot refer to ${inspect(target)}: its loop has no inbox for calls from other threads`);
  return address;
}

registerSendable<ObjectWire>('CancelRef', CancelRef, (wire) => new CancelRef(wire));
registerSendable<ObjectWire>('FutureRef', FutureRef, (wire) => new FutureRef(wire));
