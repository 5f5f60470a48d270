import { tracebackOf } from './creation-stack.js';
import type { Reporter } from '../exception-handler.js';
import { nameOfClass } from '../promise-class.js';

/** A future, as far as it is needed here. */
export interface Failing {
  /** In debug mode: where it was created. */
  readonly sourceTraceback: string | undefined;
}

/** A failed future whose exception nobody has retrieved. It holds the exception, but not the future. */
interface Report {
  readonly message: string;
  readonly exception: Error;
  readonly sourceTraceback: string | undefined;
  readonly future: WeakRef<Failing>;
}

/**
 * The failed futures of a loop whose exception nobody has retrieved. Each is reported when it is garbage collected,
 * because then nobody can retrieve the exception any more, and at the latest when the loop is closed.
 * CPython: Future.__del__.
 */
export class Unretrieved {
  readonly #loop: Pick<Reporter, 'callExceptionHandler'>;
  readonly #reports = new Map<WeakRef<Failing>, Report>();
  readonly #keys = new WeakMap<Failing, WeakRef<Failing>>();
  readonly #registry = new FinalizationRegistry<Report>((report) => {
    this.#reports.delete(report.future);
    this.#tell(report);
  });

  /** @param loop gets the reports in its exception handler */
  constructor(loop: Pick<Reporter, 'callExceptionHandler'>) {
    this.#loop = loop;
  }

  add(future: Failing, exception: Error): void {
    // Format the stack now: until then, an error keeps the frames that it came through alive, and one of them keeps the
    // task alive.
    try {
      Reflect.get(exception, 'stack');
    } catch {
      // Reading `stack` throws, so there is no stack to format.
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

  /** Reports all of them, because the loop is closed and nobody will retrieve an exception any more. */
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
      future: future.deref(), // undefined if it has been garbage collected
      ...tracebackOf({ sourceTraceback }),
    });
  }
}
