import { toError } from '@ringloop/core/internal';
import { RemoteFunctionError } from './errors.js';
import { importRemote, lookUpRemote, type RemoteFunction, type RemoteId } from './remote.js';

/** A function that a producer calls by number: found, or why not. */
export type CalledFunction =
  | { readonly name: string; readonly fn: (...args: unknown[]) => unknown; readonly error: null }
  | { readonly name: string; readonly fn: null; readonly error: Error };

/** What the function numbers of one lane mean. Its producer hands them out, and says so before it uses them. */
export class CalledFunctions {
  readonly #functions: CalledFunction[] = [];

  get(number: number): CalledFunction {
    return this.#functions[number] ?? unknownFunction(number);
  }

  /** Gives the number a meaning; a promise when the module must be imported first. It never rejects. */
  define(number: number, id: RemoteId): Promise<void> | null {
    const known = lookUpRemote(id);
    if (known !== null) {
      this.#functions[number] = { name: id.name, fn: asCalled(known), error: null };
      return null;
    }
    return importRemote(id).then(
      (fn) => {
        this.#functions[number] = { name: id.name, fn: asCalled(fn), error: null };
      },
      (reason: unknown) => {
        this.#functions[number] = { name: id.name, fn: null, error: toError(reason) };
      },
    );
  }
}

/** Its arguments were checked against its type where the call was made. */
function asCalled(fn: RemoteFunction): (...args: unknown[]) => unknown {
  return fn as unknown as (...args: unknown[]) => unknown;
}

function unknownFunction(number: number): CalledFunction {
  const name = `function ${number}`;
  return {
    name,
    fn: null,
    error: new RemoteFunctionError(`Cannot call ${name}: its definition never arrived`),
  };
}
