import type { BaseEventLoop } from './event-loop.js';

/** What will be reported about a failed future when it is collected. Holds the exception, but not the future itself. */
interface Report {
  readonly loop: BaseEventLoop;
  readonly message: string;
  readonly exception: Error;
}

const registry = new FinalizationRegistry<Report>(({ loop, message, exception }) => {
  loop.callExceptionHandler({ message, exception });
});

/** A future failed: unless somebody retrieves the exception, say so when the future is collected. CPython: Future.__del__. */
export function watchUnretrieved(future: object, report: Report): void {
  // Until its stack is formatted, an error holds on to the frames that it came through, and one of them to the task.
  Reflect.get(report.exception, 'stack');
  registry.register(future, report, future);
}

export function retrieved(future: object): void {
  registry.unregister(future);
}
