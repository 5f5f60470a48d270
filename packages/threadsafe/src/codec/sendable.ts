import { PROTOCOL } from '@ringloop/core/internal';

/**
 * Objects of ours that can be sent to other threads. Structured clone keeps an object's string-keyed fields, but drops
 * its class and everything private. So such an object has one public field, WIRE, which names its kind and holds all
 * that is needed to rebuild it.
 */
export const WIRE = 'ringloop.wire';

/** What is sent. `kind` names the class, which defines the other fields. Structured clone must accept all of them. */
export interface Wire {
  readonly kind: string;
}

/** An object that arrives in another thread as an object of its class, over the same shared memory. */
export interface Sendable<W extends Wire = Wire> {
  readonly [WIRE]: W;
}

type Revive = (wire: never) => Sendable;

/** Marks the prototypes of our classes, also those of other copies of this package with the same protocol. */
const SENDABLE = Symbol.for(`ringloop.sendable.v${PROTOCOL}`);
const revivers = new Map<string, Revive>();

/** Registers how objects of a class are rebuilt. Call it once per class and thread, at the top level of the module. */
export function registerSendable<W extends Wire>(
  kind: W['kind'],
  sendableClass: abstract new (...args: never) => Sendable<W>,
  revive: (wire: W) => Sendable<W>,
): void {
  Object.defineProperty(sendableClass.prototype, SENDABLE, { value: true });
  revivers.set(kind, revive);
}

/**
 * Whether it is an object of ours. The class decides, because a user's object may have a field of that name. It must
 * not be a Proxy.
 */
export function isSendable(value: object): value is Sendable {
  return Object.hasOwn(value, WIRE) && SENDABLE in value;
}

/**
 * Finds the wire in the result of `toWire()`, in the object itself, or in a structured clone of either. Null: it is
 * something else.
 */
export function wireIn(value: unknown): Wire | null {
  if (typeof value !== 'object' || value === null || !(WIRE in value)) return null;
  const wire: unknown = value[WIRE];
  // the caller checks the kind
  return typeof wire === 'object' && wire !== null && 'kind' in wire ? (wire as Wire) : null;
}

/**
 * Rebuilds the object that was sent as `wire`.
 * @throws {TypeError} when this thread has not imported the module of its class
 */
export function reviveSendable(wire: Wire): Sendable {
  const reviver = revivers.get(wire.kind);
  if (reviver === undefined)
    throw new TypeError(
      `Cannot read an object of kind ${wire.kind}: this thread has not imported the module of its class`,
    );
  return reviver(wire as never); // registered for this kind
}
