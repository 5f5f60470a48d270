import { defaultExceptionHandler, Unretrieved } from '@ringloop/core/internal';

let outside: Unretrieved | null = null;

/** For calls that were made where no loop ran: what failed unheard stands on standard error, at the latest when the thread ends. */
export function unretrievedOutside(): Unretrieved {
  if (outside === null) {
    const made = new Unretrieved({ callExceptionHandler: defaultExceptionHandler });
    process.once('exit', () => made.reportAll());
    outside = made;
  }
  return outside;
}
