/**
 * Which threads of this process are loading koffi at the moment, so that nobody ends one meanwhile.
 *
 * koffi's initialisation aborts the whole process when it meets a thread that may not run JavaScript any more ("FATAL ERROR:
 * Error::ThrowAsJavaScriptException napi_throw"). It takes about a millisecond, once a thread, and nothing in the thread itself
 * can hold a termination back. So whoever ends other threads waits until they are through: a LoopGroup before it terminates a
 * member, `terminate()` of every worker that a thread with this table starts, and the main thread at its exit.
 *
 * The table (loading-table.ts) is made by the first thread that needs it and inherited by the workers that it starts afterwards. Not
 * protected within this very millisecond is a worker whose starter has never had a loop or group of ours, or that runs out of
 * memory: docs/threading.md.
 */
import { isMainThread, threadId, type Worker } from 'node:worker_threads';
import { inheritMemory } from '@ringloop/core/internal';
import { wait } from '#atomics';
import { LoadingTable } from './loading-table.js';

let table: LoadingTable | null = null;

/** Makes the table unless this thread has inherited one. Call it before starting workers that will load koffi. */
export function shareKoffiLoading(): LoadingTable {
  if (table !== null) return table;
  const memory = inheritMemory('koffiLoading', LoadingTable.BYTES);
  const made = new LoadingTable({ memory, self: threadId + 1, now: () => performance.now(), standStill });
  table = made;
  process.on('worker', guardTermination);
  // Workers end by force when the main thread exits, whatever they are doing.
  if (isMainThread) process.once('exit', () => made.doomAll());
  return made;
}

/** Calls `body`, which may load koffi, unless this thread is about to be terminated: then it never returns. */
export function whileLoadingKoffi<T>(body: () => T): T {
  return shareKoffiLoading().whileLoading(body);
}

/** Prepares a thread for being terminated: it is not loading koffi, and will not begin to. */
export function awaitKoffiLoading(ofThread: number): void {
  shareKoffiLoading().doom(ofThread + 1);
}

/** Node tells of each worker that this thread starts; the method is shadowed in that one object, not in the class. */
function guardTermination(worker: Worker): void {
  const terminate = worker.terminate.bind(worker);
  worker.terminate = () => {
    if (worker.threadId > 0) awaitKoffiLoading(worker.threadId); // -1: it has ended
    return terminate();
  };
}

function standStill(): never {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  for (;;) wait(nobody, 0, 0, Infinity); // termination ends this
}
