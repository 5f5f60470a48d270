/** What is in a LoopRef when it has crossed to another thread: structured clone keeps its fields and drops its class. */
export const REF_MARK = 'ringloop.LoopRef';

type Revive = (wire: object) => object;

let reviveRef: Revive | null = null;

/** For loop-ref.ts, which stands above the code that reads messages. */
export function setReviver(revive: Revive): void {
  reviveRef = revive;
}

/** Puts the references in a message together again: those at its top, in arrays and in plain objects. In place. */
export function reviveRefs(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || reviveRef === null) return value;
  if (REF_MARK in value) return reviveRef(value);
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return value;
  const container = value as Record<string, unknown>; // an array is indexed the same way
  for (const key of Object.keys(container)) {
    const inner = container[key];
    const revived = reviveRefs(inner);
    if (revived !== inner) container[key] = revived;
  }
  return value;
}
