import { type Sendable, WIRE, type Wire } from '../codec/sendable.js';
import type { Target } from './exposed-objects.js';

/** The form in which a lent object is sent. */
export interface LentObjectWire extends Wire {
  readonly kind: 'LentObject';
  /** The LoopRef of its loop, in the form that is sent. */
  readonly loop: object;
  /** A name if `expose()` has named it, else its number. */
  readonly target: Target;
  /** The name of the object in messages. */
  readonly label: string;
}

/** An object on its way to another thread, which will use it through a proxy. */
export class LentObject implements Sendable<LentObjectWire> {
  readonly [WIRE]: LentObjectWire;
  /** Called when it was not sent after all. */
  readonly takeBack: () => void;

  constructor(wire: LentObjectWire, takeBack: () => void) {
    this[WIRE] = wire;
    this.takeBack = takeBack;
  }
}
