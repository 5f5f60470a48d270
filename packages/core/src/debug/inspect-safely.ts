import { inspect, type InspectOptions } from 'node:util';

/** `inspect()` that never throws, for error reports: an object that cannot be shown must not hide the error. */
export function inspectSafely(value: unknown, options: InspectOptions = {}): string {
  try {
    return inspect(value, options);
  } catch {
    return `<${typeof value} that cannot be inspected>`;
  }
}

let showingPart = false;

/**
 * Shows a result or an argument as a part of something else. Parts of parts are left out: a future may hold tasks that
 * hold the future, and `inspect()` calls custom inspectors at any depth. CPython: reprlib.recursive_repr().
 */
export function inspectPart(value: unknown): string {
  if (showingPart && typeof value === 'object' && value !== null) return '…';
  const outermost = !showingPart;
  showingPart = true;
  try {
    return inspectSafely(value, { depth: 0, breakLength: Infinity });
  } finally {
    if (outermost) showingPart = false;
  }
}
