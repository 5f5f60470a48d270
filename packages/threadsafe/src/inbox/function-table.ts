import { checkCallback, toError } from '@ringloop/core/internal';
import { RemoteFunctionError } from '../errors.js';
import type { Callable } from '../references/find-export.js';
import { importRemote, lookUpRemote, type RemoteFunction, type RemoteId } from '../references/remote.js';

/** A function that a producer calls by number: `fn` for tasks, `callback` for plain calls; or why not. */
export type CalledFunction =
  | { readonly name: string; readonly fn: Callable; readonly callback: Callable; readonly error: null }
  | { readonly name: string; readonly fn: Callable; readonly callback: null; readonly error: Error }
  | { readonly name: string; readonly fn: null; readonly callback: null; readonly error: Error };

/** What the function numbers of one lane mean. Its producer hands them out, and says so before it uses them. */
export class FunctionTable {
  readonly #functions: CalledFunction[] = [];

  get(number: number): CalledFunction {
    return this.#functions[number] ?? unknownFunction(number);
  }

  /** Gives the number a meaning; a promise when the module must be imported first. It never rejects. */
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
    // Its caller does not always have the function, and then could not look at it.
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
