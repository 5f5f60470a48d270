import {
  type ExceptionContext,
  ExceptionGroup,
  type Future,
  InvalidStateError,
  LoopStateError,
} from '@ringloop/core';

/** What programs raise. */
export class Boom extends Error {
  override readonly name = 'Boom';
}

// When these come is up to the garbage collector.
const UNTIMELY = ['never retrieved', 'Task was destroyed but it is pending', 'exception in shielded future'];

/** How values and errors are written into a trace. The twin of oracle/show.py. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (value instanceof Error) return showError(value);
  return typeof value === 'string' ? value : JSON.stringify(value); // a number or a boolean
}

function showError(error: Error): string {
  if (error instanceof ExceptionGroup) return `ExceptionGroup(${error.message})${show(error.errors)}`;
  if (error.name === 'Boom' || error.name === 'CancelledError') return `${error.name}(${error.message})`;
  // Python has RuntimeError for what is InvalidStateError or LoopStateError here.
  if (error instanceof InvalidStateError || error instanceof LoopStateError) return 'StateError';
  return error instanceof RangeError ? 'ValueError' : error.name;
}

/** A future in a word. */
export function showState(future: Future<unknown>): string {
  if (!future.done()) return 'pending';
  if (future.cancelled()) return 'cancelled';
  const exception = future.exception();
  return exception === null ? `finished with ${show(future.result())}` : `failed with ${show(exception)}`;
}

/** What was reported, or null where that is up to the garbage collector. */
export function reportText({ message = '', exception }: ExceptionContext): string | null {
  if (UNTIMELY.some((part) => message.includes(part))) return null;
  const [start = ''] = message.startsWith('Exception in callback')
    ? ['Exception in callback']
    : message.split('<');
  return exception === undefined ? start.trim() : `${start.trim()}: ${show(exception)}`;
}
