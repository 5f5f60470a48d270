import { defaultExceptionHandler, Unretrieved } from '@ringloop/core/internal';

let outside: Unretrieved | null = null;

/**
 * Reports errors of calls that were made where no loop ran and that nobody has retrieved. They are written to standard
 * error, at the latest when the thread ends.
 */
export function unretrievedOutside(): Unretrieved {
  if (outside === null) {
    const made = new Unretrieved({ callExceptionHandler: defaultExceptionHandler });
    process.once('exit', () => made.reportAll());
    outside = made;
  }
  return outside;
}
