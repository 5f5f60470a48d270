import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { PROTOCOL } from '@ringloop/core/internal';
import { RemoteFunctionError } from '../errors.js';
import { loadedByRequire } from './loaded-by-require.js';

/** An import of a module from which another thread has asked for a function. */
interface Import {
  readonly url: string;
  done: boolean;
}

/**
 * The import that has started the running code. A plain variable would not do: while a slow module is being imported,
 * other tasks of the thread go on, and they do not belong to the import.
 */
const importing = new AsyncLocalStorage<Import>();
/** Number of imports under way. */
let underWay = 0;
/** Whether the main program was imported here. */
let watchesMain = false;

/** The exports of a module. */
export type Namespace = Readonly<Record<string, unknown>>;

/**
 * Imports a module that another thread asked for. Node evaluates it once, however often it is asked for. Rejects with
 * RemoteFunctionError, whose cause is this thread's own error.
 * @param wanted what the module is imported for, for the message: "Cannot <wanted>: …"
 */
export async function importModule(url: string, wanted: string): Promise<Namespace> {
  const current: Import = { url, done: false };
  // Use a new AsyncResource: a store on the resource of the loop's turns would be captured by every later callback.
  const scope = new AsyncResource('ringloop.Import');
  underWay++;
  watchesMain ||= url === mainModule();
  try {
    return await scope.runInAsyncScope(() => importing.run(current, () => load(url)));
  } catch (cause) {
    throw new RemoteFunctionError(
      `Cannot ${wanted}: importing ${url} failed in the called thread${adviceOn(cause)}`,
      { cause },
    );
  } finally {
    current.done = true;
    // On Node 20 an enabled storage slows down all promises of the thread. Only the main program is still watched after
    // its evaluation.
    if (--underWay === 0 && !watchesMain) importing.disable();
  }
}

/** Advice on an error whose message does not help. */
function adviceOn(cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown };
  if (code !== 'ERR_UNKNOWN_FILE_EXTENSION') return '';
  return (
    `, where Node ${process.versions.node} runs no TypeScript: start the program with --import tsx, use a Node that ` +
    `strips types, or compile the module`
  );
}

/**
 * Refuses functions of code that was given to Node by --eval, --print or standard input: no other thread can find it.
 * @throws {RemoteFunctionError}
 */
export function refuseEvaluated(url: string, name: string): void {
  if (!/\/(?:\[|%5B)(?:worker )?(?:eval|stdin)\d*(?:\]|%5D)$/i.test(url)) return;
  throw new RemoteFunctionError(
    `Cannot send ${name} to another thread: it is of ${url}, the code of --eval or standard input, which no other thread ` +
      `can import. Put it into a file`,
  );
}

/** Loads a module in the same way as the program's own modules, so that both use the same copy of this package. */
async function load(url: string): Promise<Namespace> {
  const namespace: unknown =
    loadedByRequire && /^file:[^?#]*$/.test(url)
      ? createRequire(import.meta.url)(fileURLToPath(url))
      : await import(url);
  return namespace as Namespace; // with any exports
}

/** The key under which threads learn which module the process was started with. */
const MAIN_MODULE = `ringloop.mainModule.v${PROTOCOL}`;

/**
 * Tells threads that are started from now on which module is the main program. Must be called before threads are
 * started. Only the main thread knows it: to a worker, the module that it was made with is the main one.
 */
function tellMainModule(): void {
  const [, path] = process.argv;
  if (!isMainThread || path === undefined || mainModule() !== undefined) return;
  try {
    const found = createRequire(import.meta.url).resolve(path); // the path may also be `.`, or lack its extension
    setEnvironmentData(MAIN_MODULE, pathToFileURL(realpathSync(found)).href);
  } catch {
    setEnvironmentData(MAIN_MODULE, ''); // there is none, as with --eval and standard input: nobody can import it
  }
}

const mainModule = (): unknown => getEnvironmentData(MAIN_MODULE);

/**
 * Must be called before threads are started. Refuses it to a module that is being imported for another thread, and to a
 * main program that was imported for one: each thread that it starts would import it again, without end.
 * @param action what is refused, for the message: "Cannot <action>: …"
 * @throws {RemoteFunctionError}
 */
export function refuseWhileImporting(action: string): void {
  tellMainModule();
  const current = importing.getStore();
  if (current === undefined || (current.done && current.url !== mainModule())) return;
  throw new RemoteFunctionError(
    `Cannot ${action} from ${current.url}, which was imported for another thread and would be imported again in each ` +
      `thread it starts: put the main program into a module of its own, or run it only if (isMainThread)`,
  );
}
