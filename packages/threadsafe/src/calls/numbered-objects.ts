import { Future, type Handle, InternalError } from '@ringloop/core';

/** What other threads may settle or cancel here. */
export type NumberedObject = Future<unknown> | Handle;

interface Holder {
  deref(): NumberedObject | undefined;
}

/** This thread's futures and handles that other threads have been told of, by number. */
const objects = new Map<number, Holder>();
const numbers = new WeakMap<NumberedObject, number>();
const collected = new FinalizationRegistry<number>((number) => objects.delete(number));
let lastNumber = 0;

/** The number by which other threads may name `object`: a future until it is done, a handle as long as this thread has it. */
export function numberOf(object: NumberedObject): number {
  const known = numbers.get(object);
  if (known !== undefined) return known;
  const number = ++lastNumber;
  numbers.set(object, number);
  if (object instanceof Future) {
    // Held: whoever settles it may be in another thread only.
    objects.set(number, { deref: () => object });
    object.addDoneCallback(() => objects.delete(number));
  } else {
    objects.set(number, new WeakRef(object));
    collected.register(object, number);
  }
  return number;
}

/** Null: it is done, or nobody here has it any more. */
export function objectOf(number: number): NumberedObject | null {
  if (number > lastNumber) throw new InternalError(`No object was numbered ${number} here`);
  return objects.get(number)?.deref() ?? null;
}
