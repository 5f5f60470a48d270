import { PROTOCOL, type Sendable, WIRE, type Wire } from '@ringloop/core/internal';

export { type Sendable, WIRE, type Wire };

/** What happens to a wire on its way. All of them are optional. */
export interface WireHooks<W extends Wire> {
  /** Called in the sender once a call or a reply with the wire is on its way. @param receiver the producer that gets it */
  readonly sent?: (wire: W, receiver: number) => void;
  /** Called in the receiver when the object is not rebuilt, because nobody will read the call. */
  readonly dropped?: (wire: W) => void;
}

type Revive = (wire: never) => Sendable;

/** Marks the prototypes of our classes, also those of other copies of this package with the same protocol. */
const SENDABLE = Symbol.for(`ringloop.sendable.v${PROTOCOL}`);
const revivers = new Map<string, Revive>();
const hooksOf = new Map<string, WireHooks<never>>();

/** Registers how objects of a class are rebuilt. Call it once per class and thread, at the top level of the module. */
export function registerSendable<W extends Wire>(
  kind: W['kind'],
  sendableClass: abstract new (...args: never) => Sendable<W>,
  revive: (wire: W) => Sendable<W>,
  hooks: WireHooks<W> = {},
): void {
  Object.defineProperty(sendableClass.prototype, SENDABLE, { value: true });
  revivers.set(kind, revive);
  if (hooks.sent !== undefined || hooks.dropped !== undefined) hooksOf.set(kind, hooks);
}

/** Tells the classes whose objects have just been sent. */
export function tellSent(wires: readonly Wire[], receiver: number): void {
  for (const wire of wires) hooksOf.get(wire.kind)?.sent?.(wire as never, receiver); // registered for this kind
}

/** Tells the classes whose objects have arrived in a message that nobody will read. */
export function tellDropped(wires: readonly Wire[]): void {
  for (const wire of wires) hooksOf.get(wire.kind)?.dropped?.(wire as never); // registered for this kind
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
