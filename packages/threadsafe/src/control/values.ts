/**
 * Arguments and results on their way. Most go as they are, by the codec of all calls. Three kinds are looked for, at the top only,
 * as Comlink does: what `proxy()` marked is lent, what one of Comlink's transfer handlers takes goes in the form that it gives, and
 * what Comlink's `transfer()` marked is moved as ringloop's own moves it. Comlink's own `proxy()` is refused: it would hang on a port
 * that does not tell of the other thread's end.
 */
import { MessagePort, type Transferable } from 'node:worker_threads';
import { transferHandlers } from 'comlink';
import { CloneError } from '../errors.js';
import { type Sendable, WIRE, type Wire } from '../codec/sendable.js';
import { transfer } from '../codec/transfer.js';
import { runningObjects, type Target } from './exposed-objects.js';
import { originOf } from './origins.js';
import { isMarked } from './proxy.js';

/** A value as Comlink hands it to its endpoint: after its transfer handlers. */
export type WireValue =
  | { readonly type: 'RAW'; readonly value: unknown }
  | { readonly type: 'HANDLER'; readonly name: string; readonly value: unknown };

/** Handlers that every instance of Comlink has. */
const PROXY = 'proxy';
const THROW = 'throw';

/** The key of what a transfer handler made; the value is the handler's name. */
const HANDLED = 'ringloop.handled';

interface Handled {
  readonly [HANDLED]: string;
  readonly value: unknown;
}

/** What a lent object is while it crosses. */
export interface LentObjectWire extends Wire {
  readonly kind: 'LentObject';
  /** The LoopRef of its loop, in the form that crosses. */
  readonly loop: object;
  /** A name for what `expose()` has named. */
  readonly target: Target;
  /** For messages. */
  readonly label: string;
}

/** An object that another thread will use through a proxy, on its way there. */
export class LentObject implements Sendable<LentObjectWire> {
  readonly [WIRE]: LentObjectWire;
  /** It was not sent after all. */
  readonly takeBack: () => void;

  constructor(wire: LentObjectWire, takeBack: () => void) {
    this[WIRE] = wire;
    this.takeBack = takeBack;
  }
}

/** @throws {LoopStateError} ERR_NO_RUNNING_LOOP */
function lend(object: object, borrower: number): LentObject {
  const origin = originOf(object);
  if (origin !== undefined) return origin.lendOn(borrower); // it is a proxy itself: whoever gets it has one of the same object
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

/** The name of a function, or of an object's class. Where there is none: a remote proxy has a proxy there as well. */
function labelOf(object: {
  readonly name?: unknown;
  readonly constructor?: { readonly name: unknown };
}): string {
  const name = typeof object === 'function' ? object.name : object.constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'a lent object';
}

/**
 * A result in the form that crosses.
 * @param borrower the producer that receives it
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 * @throws {CloneError}
 */
export function packResult(value: unknown, borrower: number): unknown {
  if (isMarked(value)) return lend(value, borrower);
  for (const [name, handler] of transferHandlers) {
    if (name === THROW || !handler.canHandle(value)) continue; // nothing here is in Comlink's box for what was thrown
    if (name === PROXY) return lend(value as object, borrower); // it marks objects and nothing else
    const [serialized, transferables] = handler.serialize(value);
    return moving([handled(name, serialized)], transferables)[0];
  }
  return value;
}

/**
 * Arguments in the form that crosses.
 * @param what whose they are, for messages
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

/** Marks what Comlink would give to `postMessage()`. It comes from an object among the values. */
function moving(packed: unknown[], transferables: readonly unknown[]): unknown[] {
  if (transferables.length === 0) return packed;
  const holder = packed.find((value) => typeof value === 'object' && value !== null);
  if (holder !== undefined) transfer(holder, transferables as readonly Transferable[]); // it looks at them
  return packed;
}

function packArgument(arg: WireValue, borrower: number): unknown {
  if (arg.type === 'HANDLER') return handled(arg.name, arg.value);
  return isMarked(arg.value) ? lend(arg.value, borrower) : arg.value;
}

/** They were not sent after all. */
export function takeBack(packed: readonly unknown[]): void {
  for (const value of packed) if (value instanceof LentObject) value.takeBack();
}

/** What `packResult()` or `packArguments()` was given, in the other thread. */
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

/** What nobody will receive would keep its process alive. */
function closePorts(transferables: readonly unknown[]): void {
  for (const item of transferables) if (item instanceof MessagePort) item.close();
}
