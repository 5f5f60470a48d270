import { AsyncLocalStorage } from 'node:async_hooks';
import { RemoteFunctionError } from './errors.js';

/** A module that is imported because another thread asked for a function of it. */
interface Import {
  readonly url: string;
  done: boolean;
}

/**
 * The import that the running code was started by. Not a plain variable: while a slow module is being imported, the
 * other tasks of the thread go on, and are none of its business.
 */
const importing = new AsyncLocalStorage<Import>();

/** What a module exports. */
export type Namespace = Readonly<Record<string, unknown>>;

/**
 * Imports a module that another thread asked for. Node evaluates it once, however often and from wherever it is asked for.
 * Rejects with RemoteFunctionError, its cause this thread's own error.
 * @param wanted what the module is imported for, for the message: "Cannot <wanted>: …"
 */
export async function importModule(url: string, wanted: string): Promise<Namespace> {
  const current: Import = { url, done: false };
  try {
    return await importing.run(current, () => import(url) as Promise<Namespace>); // whatever it exports
  } catch (cause) {
    throw new RemoteFunctionError(`Cannot ${wanted}: importing ${url} failed in the called thread`, {
      cause,
    });
  } finally {
    current.done = true;
  }
}

/**
 * Throws when called while this thread imports a module for another one, by that module. It is the main program then, or
 * imports it, and each thread it starts would import it again, for ever.
 * @param action what is refused, for the message: "Cannot <action>: …"
 * @throws {RemoteFunctionError}
 */
export function refuseWhileImporting(action: string): void {
  const current = importing.getStore();
  if (current === undefined || current.done) return;
  throw new RemoteFunctionError(
    `Cannot ${action} while ${current.url} is being imported for another thread, which would import it again in each ` +
      `thread it starts: put the main program into a module of its own, or run it only if (isMainThread)`,
  );
}
