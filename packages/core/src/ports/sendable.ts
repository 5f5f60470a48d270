/**
 * Objects of ours that can be sent to other threads. Structured clone keeps an object's string-keyed fields, but drops
 * its class and everything private. So such an object has one public field, WIRE, which names its kind and holds all
 * that is needed to rebuild it. What sends them is in another package, which knows only this.
 */
export const WIRE = 'ringloop.wire';

/** What is sent. `kind` names the class, which defines the other fields. Structured clone must accept all of them. */
export interface Wire {
  readonly kind: string;
}

/** An object that arrives in another thread as an object of its class. */
export interface Sendable<W extends Wire = Wire> {
  readonly [WIRE]: W;
}
