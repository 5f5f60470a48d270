import { inspect, type InspectOptions } from 'node:util';

/** `inspect()` for reports of errors: an object that cannot be shown must not hide the error that is reported. */
export function inspectSafely(value: unknown, options: InspectOptions = {}): string {
  try {
    return inspect(value, options);
  } catch {
    return `<${typeof value} that cannot be inspected>`;
  }
}
