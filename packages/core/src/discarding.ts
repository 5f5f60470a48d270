/** Closes an object that a coroutine has made and that nobody will get. */
export type Discard<T> = (value: T) => void;

const kept = new WeakMap<object, Discard<never>>();

/**
 * Makes `discard(value)` close the value by `how`. A coroutine has made it and may be cancelled before anybody gets it.
 */
export function keepFor<T>(value: T, how: Discard<T>): void {
  if (typeof value === 'object' && value !== null) kept.set(value, how);
}

/** Closes a result that is dropped because its coroutine was cancelled as it ended. */
export function discard(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const how = kept.get(value) as Discard<unknown> | undefined; // keepFor() got it with the value's type
  kept.delete(value);
  how?.(value);
}
