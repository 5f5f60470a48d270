import { checkCallback, toError } from '@ringloop/core/internal';
import { RemoteFunctionError } from '../errors.js';
import type { Callable } from '../references/find-export.js';
import { importRemote, lookUpRemote, type RemoteFunction, type RemoteId } from '../references/remote.js';

/**
 * A function that a producer calls by number: `fn` to run it as a task, `callback` for plain calls. If one of them is
 * null, `error` says why.
 */
export type CalledFunction =
  | { readonly name: string; readonly fn: Callable; readonly callback: Callable; readonly error: null }
  | { readonly name: string; readonly fn: Callable; readonly callback: null; readonly error: Error }
  | { readonly name: string; readonly fn: null; readonly callback: null; readonly error: Error };

/**
 * The functions of one lane, by number. The producer chooses the number of a function, and defines it before it uses
 * it.
 */
export class FunctionTable {
  readonly #functions: CalledFunction[] = [];

  get(number: number): CalledFunction {
    return this.#functions[number] ?? unknownFunction(number);
  }

  /** Defines a number. Returns a promise if the module must be imported first. The promise is never rejected. */
  define(number: number, id: RemoteId): Promise<void> | null {
    const known = lookUpRemote(id);
    if (known !== null) {
      this.#functions[number] = found(id.name, known);
      return null;
    }
    return importRemote(id).then(
      (fn) => {
        this.#functions[number] = found(id.name, fn);
      },
      (reason: unknown) => {
        this.#functions[number] = notFound(id.name, toError(reason));
      },
    );
  }
}

function found(name: string, fn: RemoteFunction): CalledFunction {
  const called = fn as unknown as Callable; // its arguments were checked against its type where the call was made
  try {
    // Checked here as well: a caller may have only the name of the function, and then could not check it.
    checkCallback(called, 'callSoonThreadsafe');
    return { name, fn: called, callback: called, error: null };
  } catch (thrown) {
    return { name, fn: called, callback: null, error: toError(thrown) };
  }
}

function notFound(name: string, error: Error): CalledFunction {
  return { name, fn: null, callback: null, error };
}

function unknownFunction(number: number): CalledFunction {
  const name = `function ${number}`;
  return notFound(name, new RemoteFunctionError(`Cannot call ${name}: its definition never arrived`));
}
