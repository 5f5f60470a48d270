import { tracebackOf } from './creation-stack.js';
import type { BaseEventLoop } from '../event-loop.js';
import { nameOfClass } from '../promise-class.js';

/** What may fail unheard: a future. */
export interface Failing {
  /** Debug mode: where it was created. */
  readonly sourceTraceback: string | undefined;
}

/** A failed future whose exception nobody has asked for. Holds the exception, but not the future. */
interface Report {
  readonly message: string;
  readonly exception: Error;
  readonly sourceTraceback: string | undefined;
  readonly future: WeakRef<Failing>;
}

/**
 * The failed futures of a loop whose exception nobody has retrieved. Each is reported when it is collected, which is as soon
 * as anybody can tell that nobody will, and at the latest when the loop is closed. CPython: Future.__del__.
 */
export class Unretrieved {
  readonly #loop: Pick<BaseEventLoop, 'callExceptionHandler'>;
  readonly #reports = new Map<WeakRef<Failing>, Report>();
  readonly #keys = new WeakMap<Failing, WeakRef<Failing>>();
  readonly #registry = new FinalizationRegistry<Report>((report) => {
    this.#reports.delete(report.future);
    this.#tell(report);
  });

  /** @param loop whose exception handler is told */
  constructor(loop: Pick<BaseEventLoop, 'callExceptionHandler'>) {
    this.#loop = loop;
  }

  add(future: Failing, exception: Error): void {
    // Until its stack is formatted, an error holds on to the frames that it came through, and one of them to the task.
    try {
      Reflect.get(exception, 'stack');
    } catch {
      // It throws instead: then there is no stack to format.
    }
    const key = new WeakRef(future);
    const message = `${nameOfClass(future)} exception was never retrieved`;
    const report = { message, exception, sourceTraceback: future.sourceTraceback, future: key };
    this.#keys.set(future, key);
    this.#reports.set(key, report);
    this.#registry.register(future, report, key);
  }

  delete(future: Failing): void {
    const key = this.#keys.get(future)!; // eslint-disable-line @typescript-eslint/no-non-null-assertion -- it was added
    this.#keys.delete(future);
    this.#reports.delete(key);
    this.#registry.unregister(key);
  }

  /** The loop is closed: nobody will ask any more. */
  reportAll(): void {
    for (const [key, report] of [...this.#reports]) {
      this.#reports.delete(key);
      this.#registry.unregister(key);
      this.#tell(report);
    }
  }

  #tell({ message, exception, sourceTraceback, future }: Report): void {
    this.#loop.callExceptionHandler({
      message,
      exception,
      future: future.deref(), // undefined when it has been collected
      ...tracebackOf({ sourceTraceback }),
    });
  }
}
