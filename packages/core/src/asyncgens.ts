import type { BaseEventLoop } from './event-loop.js';
import { inspectSafely } from './debug/inspect-safely.js';
import { toError } from './errors.js';
import { ASYNCGENS } from './loop-internals.js';
import { getRunningLoop } from './running-loop.js';

type AnyAsyncGenerator = AsyncGenerator<unknown, unknown, never>;

/** The asynchronous generators that a loop closes at its end. Python: the loop's asyncgen hooks. */
export class Asyncgens {
  readonly #loop: BaseEventLoop;
  readonly #open = new Set<WeakRef<AnyAsyncGenerator>>();
  readonly #registry = new FinalizationRegistry<WeakRef<AnyAsyncGenerator>>((ref) => this.#open.delete(ref));
  #shutdownCalled = false;

  constructor(loop: BaseEventLoop) {
    this.#loop = loop;
  }

  add(generator: AnyAsyncGenerator): void {
    if (this.#shutdownCalled) {
      const message = `asynchronous generator ${inspectSafely(generator)} was scheduled after loop.shutdownAsyncgens() call`;
      process.emitWarning(message, 'ResourceWarning');
    }
    const ref = new WeakRef(generator);
    this.#open.add(ref);
    this.#registry.register(generator, ref);
  }

  async shutdown(): Promise<void> {
    this.#shutdownCalled = true;
    const generators = [...this.#open]
      .map((ref) => ref.deref())
      .filter((generator) => generator !== undefined);
    this.#open.clear();
    await Promise.all(generators.map((generator) => this.#close(generator)));
  }

  async #close(generator: AnyAsyncGenerator): Promise<void> {
    try {
      await generator.return(undefined); // does nothing if it has ended
    } catch (thrown) {
      this.#loop.callExceptionHandler({
        message: `an error occurred during closing of asynchronous generator ${inspectSafely(generator)}`,
        exception: toError(thrown),
        asyncgen: generator,
      });
    }
  }
}

/**
 * Registers an asynchronous generator, so that its `finally` blocks run at the latest when the running loop is shut
 * down. Unlike Python, JavaScript reports to nobody that a generator was begun. `await using` closes it at the end of
 * the block. Python: contextlib.aclosing().
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 */
export function aclosing<G extends AsyncGenerator<unknown, unknown, never>>(
  generator: G,
): G & AsyncDisposable {
  getRunningLoop()[ASYNCGENS].add(generator);
  if (Reflect.has(generator, Symbol.asyncDispose)) return generator; // Node 24 and later
  const dispose = async (): Promise<void> => {
    await generator.return(undefined);
  };
  return Object.defineProperty(generator, Symbol.asyncDispose, { value: dispose });
}
