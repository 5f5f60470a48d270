import { PROTOCOL } from '@ringloop/core/internal';

/**
 * Objects of ours that can be sent to other threads. Structured clone keeps an object's string-keyed fields and drops its class
 * and everything private: so what a class needs to be put together again is one public field, WIRE, and says of which kind it is.
 */
export const WIRE = 'ringloop.wire';

/** What crosses. `kind` names the class, all else is the class's own; structured clone must take it. */
export interface Wire {
  readonly kind: string;
}

/** An object that arrives in other threads as an object of its class, over the same shared memory. */
export interface Sendable<W extends Wire = Wire> {
  readonly [WIRE]: W;
}

type Revive = (wire: never) => Sendable;

/** On the prototypes of our classes, those of other copies of this package included that understand each other. */
const SENDABLE = Symbol.for(`ringloop.sendable.v${PROTOCOL}`);
const revivers = new Map<string, Revive>();

/** Says how objects of a class are put together, once per class and thread: at the top of its module. */
export function registerSendable<W extends Wire>(
  kind: W['kind'],
  sendableClass: abstract new (...args: never) => Sendable<W>,
  revive: (wire: W) => Sendable<W>,
): void {
  Object.defineProperty(sendableClass.prototype, SENDABLE, { value: true });
  revivers.set(kind, revive);
}

/** Whether it is an object of ours. Its class decides: a field of that name may be the user's. It must be no proxy. */
export function isSendable(value: object): value is Sendable {
  return Object.hasOwn(value, WIRE) && SENDABLE in value;
}

/** The wire of what `toWire()` gave, or of the object itself, or of what structured clone left of either; null: it is something else. */
export function wireIn(value: unknown): Wire | null {
  if (typeof value !== 'object' || value === null || !(WIRE in value)) return null;
  const wire: unknown = value[WIRE];
  return typeof wire === 'object' && wire !== null && 'kind' in wire ? (wire as Wire) : null; // of a kind that its user checks
}

/** The object that was sent as `wire`. @throws {TypeError} when this thread has not imported the module of its class */
export function reviveSendable(wire: Wire): Sendable {
  const reviver = revivers.get(wire.kind);
  if (reviver === undefined)
    throw new TypeError(`No class is registered here for what was sent as ${wire.kind}`);
  return reviver(wire as never); // registered for this kind
}
