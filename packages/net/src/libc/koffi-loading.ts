/**
 * Records which threads of this process are loading koffi, so that nobody terminates one meanwhile.
 *
 * koffi's initialisation aborts the whole process when its thread may no longer run JavaScript ("FATAL ERROR:
 * Error::ThrowAsJavaScriptException napi_throw"). It takes about a millisecond, once per thread, and the thread itself
 * cannot hold a termination back. So the thread that terminates another one waits until the other has loaded koffi: a
 * LoopGroup before it terminates a member, `terminate()` of every worker that a thread with this table starts, and the
 * main thread at its exit.
 *
 * The first thread that needs the table (loading-table.ts) makes it, and the workers that it starts afterwards inherit
 * it. Two kinds of workers are not protected within this millisecond: one whose parent thread has never had a loop or
 * group of ours, and one that runs out of memory. See docs/threading.md.
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
  // The exit of the main thread terminates all workers, whatever they are doing.
  if (isMainThread) process.once('exit', () => made.doomAll());
  return made;
}

/** Calls `body`, which may load koffi. If this thread is about to be terminated, never returns and does not call it. */
export function whileLoadingKoffi<T>(body: () => T): T {
  return shareKoffiLoading().whileLoading(body);
}

/**
 * Prepares a thread for being terminated: waits until it is not loading koffi, and keeps it from starting to. Gives up
 * after LOADING_MS.
 */
export function awaitKoffiLoading(ofThread: number): void {
  shareKoffiLoading().doom(ofThread + 1);
}

/**
 * Node emits 'worker' for each worker that this thread starts. Overrides `terminate()` of that object only, not of the
 * class.
 */
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
