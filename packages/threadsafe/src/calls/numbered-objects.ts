import { Future, type Handle, InternalError } from '@ringloop/core';

/** An object that other threads may settle or cancel here. */
export type NumberedObject = Future<unknown> | Handle;

interface Holder {
  deref(): NumberedObject | undefined;
}

/** This thread's futures and handles that other threads know, by number. */
const objects = new Map<number, Holder>();
const numbers = new WeakMap<NumberedObject, number>();
const collected = new FinalizationRegistry<number>((number) => objects.delete(number));
let lastNumber = 0;

/**
 * The number by which other threads refer to `object`. It is valid for a future until that is done, and for a handle as
 * long as this thread keeps it.
 */
export function numberOf(object: NumberedObject): number {
  const known = numbers.get(object);
  if (known !== undefined) return known;
  const number = ++lastNumber;
  numbers.set(object, number);
  if (object instanceof Future) {
    // Hold the future: perhaps only another thread can settle it.
    objects.set(number, { deref: () => object });
    object.addDoneCallback(() => objects.delete(number));
  } else {
    objects.set(number, new WeakRef(object));
    collected.register(object, number);
  }
  return number;
}

/** The object of that number. Null: it is done, or nobody here keeps it any more. */
export function objectOf(number: number): NumberedObject | null {
  if (number > lastNumber)
    throw new InternalError(`Cannot find object ${number}: this thread has given that number to no object`);
  return objects.get(number)?.deref() ?? null;
}
