/**
 * Converts arguments and results of calls through proxies. Most are sent unchanged, by the codec of all calls. Three
 * kinds are handled here, at the top level only, as Comlink does. An object marked by `proxy()` is lent. A value that
 * one of Comlink's transfer handlers accepts is sent in the form that the handler gives. A value marked by Comlink's
 * `transfer()` is moved as by ringloop's own. Comlink's own `proxy()` is refused: it would use a port that does not
 * report the other thread's end.
 */
import { MessagePort, type Transferable } from 'node:worker_threads';
import { transferHandlers } from 'comlink';
import { CloneError } from '../errors.js';
import { transfer } from '../codec/transfer.js';
import { runningObjects } from './exposed-objects.js';
import { LentObject, type LentObjectWire } from './lent-object.js';
import { originOf } from './origins.js';
import { isMarked } from './proxy.js';

/** A value in the form in which Comlink hands it to its endpoint, after its transfer handlers. */
export type WireValue =
  | { readonly type: 'RAW'; readonly value: unknown }
  | { readonly type: 'HANDLER'; readonly name: string; readonly value: unknown };

/** The names of the handlers that every instance of Comlink has. */
const PROXY = 'proxy';
const THROW = 'throw';

/** The key that marks the result of a transfer handler. Its value is the handler's name. */
const HANDLED = 'ringloop.handled';

interface Handled {
  readonly [HANDLED]: string;
  readonly value: unknown;
}

/** @throws {LoopStateError} ERR_NO_RUNNING_LOOP */
function lend(object: object, borrower: number): LentObject {
  const origin = originOf(object);
  // it is a proxy itself: the receiver gets a proxy of the same object
  if (origin !== undefined) return origin.lendOn(borrower);
  const owner = runningObjects();
  const target = owner.lend(object, borrower);
  const wire: LentObjectWire = {
    kind: 'LentObject',
    loop: owner.ref.toWire(),
    target,
    label: labelOf(object),
  };
  return new LentObject(wire, () => owner.takeBack(target, borrower));
}

/**
 * The name of a function, or of an object's class. A proxy of another thread has none: its properties are proxies, not
 * text.
 */
function labelOf(object: {
  readonly name?: unknown;
  readonly constructor?: { readonly name: unknown };
}): string {
  const name = typeof object === 'function' ? object.name : object.constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'a lent object';
}

/**
 * A result in the form that is sent.
 * @param borrower the producer that receives it
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 * @throws {CloneError}
 */
export function packResult(value: unknown, borrower: number): unknown {
  if (isMarked(value)) return lend(value, borrower);
  for (const [name, handler] of transferHandlers) {
    // THROW is for Comlink's wrapper of a thrown value, which is not used here
    if (name === THROW || !handler.canHandle(value)) continue;
    if (name === PROXY) return lend(value as object, borrower); // this handler accepts only objects
    const [serialized, transferables] = handler.serialize(value);
    return moving([handled(name, serialized)], transferables)[0];
  }
  return value;
}

/**
 * Arguments in the form that is sent.
 * @param what the called function, for messages
 * @throws as `packResult()` does
 */
export function packArguments(
  args: readonly WireValue[],
  transferables: readonly unknown[],
  borrower: number,
  what: string,
): unknown[] {
  for (const arg of args) {
    if (arg.type === 'HANDLER' && arg.name === PROXY) {
      closePorts(transferables);
      throw new CloneError(
        `Cannot send an argument of ${what}: Comlink's own proxy() marked it; use proxy() of ringloop`,
      );
    }
  }
  const packed: unknown[] = [];
  try {
    for (const arg of args) packed.push(packArgument(arg, borrower));
  } catch (thrown) {
    takeBack(packed);
    throw thrown;
  }
  return moving(packed, transferables);
}

/** Marks for transfer what Comlink would pass to `postMessage()`. The mark is on an object among the values. */
function moving(packed: unknown[], transferables: readonly unknown[]): unknown[] {
  if (transferables.length === 0) return packed;
  const holder = packed.find((value) => typeof value === 'object' && value !== null);
  if (holder !== undefined) transfer(holder, transferables as readonly Transferable[]); // it checks them
  return packed;
}

function packArgument(arg: WireValue, borrower: number): unknown {
  if (arg.type === 'HANDLER') return handled(arg.name, arg.value);
  return isMarked(arg.value) ? lend(arg.value, borrower) : arg.value;
}

/** Takes the lent objects back, when they were not sent after all. */
export function takeBack(packed: readonly unknown[]): void {
  for (const value of packed) if (value instanceof LentObject) value.takeBack();
}

/** Restores, in the other thread, what `packResult()` or `packArguments()` was given. */
export function unpack(value: unknown): unknown {
  if (!isHandled(value)) return value;
  const handler = transferHandlers.get(value[HANDLED]);
  if (handler !== undefined) return handler.deserialize(value.value);
  throw new CloneError(
    `Cannot read a value: no transfer handler "${value[HANDLED]}" is registered with Comlink in the thread that received it`,
  );
}

function handled(name: string, value: unknown): Handled {
  return { [HANDLED]: name, value };
}

function isHandled(value: unknown): value is Handled {
  return typeof value === 'object' && value !== null && HANDLED in value;
}

/** Closes ports that nobody will receive: they would keep the process alive. */
function closePorts(transferables: readonly unknown[]): void {
  for (const item of transferables) if (item instanceof MessagePort) item.close();
}
