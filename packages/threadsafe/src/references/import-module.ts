import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { PROTOCOL } from '@ringloop/core/internal';
import { RemoteFunctionError } from '../errors.js';
import { loadedByRequire } from './loaded-by-require.js';

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
/** Imports under way. */
let underWay = 0;
/** The main program is among what was imported. */
let watchesMain = false;

/** What a module exports. */
export type Namespace = Readonly<Record<string, unknown>>;

/**
 * Imports a module that another thread asked for. Node evaluates it once, however often and from wherever it is asked for.
 * Rejects with RemoteFunctionError, its cause this thread's own error.
 * @param wanted what the module is imported for, for the message: "Cannot <wanted>: …"
 */
export async function importModule(url: string, wanted: string): Promise<Namespace> {
  const current: Import = { url, done: false };
  // A resource of its own: what is written on that of the loop's turns would have each later callback capture its context.
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
    // Node 20 makes all promises of a thread slower for a storage. After it has evaluated, only the main program is watched.
    if (--underWay === 0 && !watchesMain) importing.disable();
  }
}

/** What to do about an error that says less than it should. */
function adviceOn(cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown };
  if (code !== 'ERR_UNKNOWN_FILE_EXTENSION') return '';
  return (
    `, where Node ${process.versions.node} runs no TypeScript: start the program with --import tsx, use a Node that ` +
    `strips types, or compile the module`
  );
}

/**
 * Code that was given to Node by --eval, --print or standard input: no other thread finds it.
 * @throws {RemoteFunctionError}
 */
export function refuseEvaluated(url: string, name: string): void {
  if (!/\/(?:\[|%5B)(?:worker )?(?:eval|stdin)\d*(?:\]|%5D)$/i.test(url)) return;
  throw new RemoteFunctionError(
    `Cannot send ${name} to another thread: it is of ${url}, the code of --eval or standard input, which no other thread ` +
      `can import. Put it into a file`,
  );
}

/** As the program's own modules are loaded: what they are to call in here must be of the same copy of this package. */
async function load(url: string): Promise<Namespace> {
  const namespace: unknown =
    loadedByRequire && /^file:[^?#]*$/.test(url)
      ? createRequire(import.meta.url)(fileURLToPath(url))
      : await import(url);
  return namespace as Namespace; // whatever it exports
}

/** Under which key threads are told which module the process was started with. */
const MAIN_MODULE = `ringloop.mainModule.v${PROTOCOL}`;

/**
 * Threads started from here on know which module is the main program. Called before threads are started.
 * Only main threads know it: to a worker, the module that it was made with is the main one.
 */
function tellMainModule(): void {
  const [, path] = process.argv;
  if (!isMainThread || path === undefined || mainModule() !== undefined) return;
  try {
    const found = createRequire(import.meta.url).resolve(path); // `node .` and `node main` are ways to say it as well
    setEnvironmentData(MAIN_MODULE, pathToFileURL(realpathSync(found)).href);
  } catch {
    setEnvironmentData(MAIN_MODULE, ''); // none, as with --eval and standard input: nobody can import it
  }
}

const mainModule = (): unknown => getEnvironmentData(MAIN_MODULE);

/**
 * Called before threads are started. Throws if a module does so that is just being imported for another thread, or has
 * been and is the main program: each thread that it starts would import it again, for ever.
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
