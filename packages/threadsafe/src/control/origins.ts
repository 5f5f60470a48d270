/**
 * The object that each proxy of this thread stands for. So a proxy that is sent on becomes a proxy of the same object,
 * or the object itself in the object's own thread, and an object that arrives twice has one proxy.
 */
import type { Target } from './exposed-objects.js';
import type { LentObject } from './lent-object.js';

/** The object behind a proxy. */
export interface Origin {
  /** Lends the object on, for a proxy that is sent to the thread of `borrower`. */
  lendOn(borrower: number): LentObject;
  /** Counts one more arrival of the object. False: the proxy was released. */
  tryArrive(): boolean;
}

const origins = new WeakMap<object, Origin>();
const arrived = new Map<string, WeakRef<object>>();
const collected = new FinalizationRegistry<string>((key) => {
  if (arrived.get(key)?.deref() === undefined) arrived.delete(key); // there may be a new proxy
});

/** The origin of a proxy. Undefined: the object is no proxy. */
export function originOf(proxy: object): Origin | undefined {
  return origins.get(proxy);
}

export function setOrigin(proxy: object, origin: Origin): void {
  origins.set(proxy, origin);
}

/** The proxy of a lent object that arrives: the existing one, or else a new one. */
export function arrive(inboxId: string, target: Target, make: () => object): object {
  const key = `${inboxId}/${target}`;
  const known = arrived.get(key)?.deref();
  if (known !== undefined && originOf(known)?.tryArrive() === true) return known;
  const made = make();
  arrived.set(key, new WeakRef(made));
  collected.register(made, key);
  return made;
}
