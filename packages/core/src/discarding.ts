/** Closes what a coroutine has made and nobody will get. */
export type Discard<T> = (value: T) => void;

const kept = new WeakMap<object, Discard<never>>();

/** From now on `discard(value)` closes it by `how`: it was made by a coroutine that may be cancelled before anybody has it. */
export function keepFor<T>(value: T, how: Discard<T>): void {
  if (typeof value === 'object' && value !== null) kept.set(value, how);
}

/** A result is dropped, because who made it was cancelled as it ended. */
export function discard(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const how = kept.get(value) as Discard<unknown> | undefined; // what keepFor() took was of its value's type
  kept.delete(value);
  how?.(value);
}
