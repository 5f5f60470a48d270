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

const revivers = new Map<string, Revive>();

/** Says how objects of a kind are put together, once per kind and thread: at the top of the module of their class. */
export function registerSendable<W extends Wire>(kind: W['kind'], revive: (wire: W) => Sendable<W>): void {
  revivers.set(kind, revive);
}

/** Whether it is a Sendable, or what structured clone left of one. */
export function isSendable(value: object): value is Sendable {
  return WIRE in value;
}

/** The object that was sent as `wire`. @throws {TypeError} when this thread has not imported the module of its class */
export function reviveSendable(wire: Wire): Sendable {
  const reviver = revivers.get(wire.kind);
  if (reviver === undefined)
    throw new TypeError(`No class is registered here for what was sent as ${wire.kind}`);
  return reviver(wire as never); // registered for this kind
}

/** Puts the sendables in a message together again: those at its top, in arrays and in plain objects. In place. */
export function reviveSendables(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isSendable(value)) return reviveSendable(value[WIRE]);
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return value;
  const container = value as Record<string, unknown>; // an array is indexed the same way
  for (const key of Object.keys(container)) {
    const inner = container[key];
    const revived = reviveSendables(inner);
    if (revived !== inner) container[key] = revived;
  }
  return value;
}
