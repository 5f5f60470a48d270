/**
 * What each proxy of this thread stands for. So a proxy that is sent on is one of the same object there, and the object itself where it
 * comes home; and an object that arrives twice is the same proxy.
 */
import type { Target } from './exposed-objects.js';
import type { LentObject } from './values.js';

/** Where a proxy leads. */
export interface Origin {
  /** For a thread, as a producer, that the proxy is sent to. */
  lendOn(borrower: number): LentObject;
  /** The object has arrived once more. False: the proxy was released. */
  tryArrive(): boolean;
}

const origins = new WeakMap<object, Origin>();
const arrived = new Map<string, WeakRef<object>>();
const collected = new FinalizationRegistry<string>((key) => {
  if (arrived.get(key)?.deref() === undefined) arrived.delete(key); // another one may have come
});

/** Undefined: it is no proxy. */
export function originOf(proxy: object): Origin | undefined {
  return origins.get(proxy);
}

export function setOrigin(proxy: object, origin: Origin): void {
  origins.set(proxy, origin);
}

/** The proxy of a lent object that arrives: the one that is there, or else a new one. */
export function arrive(inboxId: string, target: Target, make: () => object): object {
  const key = `${inboxId}/${target}`;
  const known = arrived.get(key)?.deref();
  if (known !== undefined && originOf(known)?.tryArrive() === true) return known;
  const made = make();
  arrived.set(key, new WeakRef(made));
  collected.register(made, key);
  return made;
}
