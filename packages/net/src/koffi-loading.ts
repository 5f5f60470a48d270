/**
 * Which threads of this process are loading koffi at the moment, so that nobody ends one meanwhile.
 *
 * koffi's initialisation aborts the whole process when it meets a thread that may not run JavaScript any more ("FATAL ERROR:
 * Error::ThrowAsJavaScriptException napi_throw"). It takes about a millisecond, once a thread, and nothing in the thread itself
 * can hold a termination back. So whoever ends other threads waits until they are through: a LoopGroup before it terminates a
 * member, `terminate()` of every worker that a thread with this table starts, and the main thread at its exit.
 *
 *   word          written by                    meaning
 *   LOADER[slot]  the loading thread (cas),     FREE; thread id + 1 while it loads; minus that: it is about to be terminated
 *                 and who ends it (cas)
 *   DOOM          the main thread, at its exit  its thread id + 1: all others are about to be terminated
 *
 * 1. A thread loads only while its slot has its own mark, and is doomed only while the slot has none: never both.
 * 2. A doomed thread that wants to load stands still instead, until it is terminated. One that is doomed later never loads again.
 * 3. The slot is the thread id modulo SLOTS. A mark that a dead thread has left is taken over: a doomed one at once, a loading
 *    one after LOADING_MS, which only a thread can leave that was ended by somebody who does not know this table.
 *
 * The table is made by the first thread that needs it and inherited by the workers that it starts afterwards. Not protected within
 * this very millisecond is a worker whose starter has never had a loop or group of ours, or that runs out of memory:
 * docs/threading.md.
 */
import { types } from 'node:util';
import {
  getEnvironmentData,
  isMainThread,
  setEnvironmentData,
  threadId,
  type Worker,
} from 'node:worker_threads';
import { PROTOCOL } from '@ringloop/core/internal';
import { cas, load, notify, store, wait } from '#atomics';

const KEY = `ringloop.koffiLoading.v${PROTOCOL}`;
/** Threads that can load at a time without waiting for each other. Arbitrary, far above the number of cores. */
const SLOTS = 256;
const FREE = 0;
const DOOM = SLOTS;
const WORDS = SLOTS + 1;
const self = threadId + 1;

/** How long somebody may take to load, in ms: some hundred times what it takes on an idle machine. */
const LOADING_MS = 250;

let table: Int32Array | null = null;

/** Makes the table unless this thread has inherited one. Call it before starting workers that will load koffi. */
export function shareKoffiLoading(): Int32Array {
  if (table !== null) return table;
  const inherited = getEnvironmentData(KEY);
  const memory = types.isSharedArrayBuffer(inherited) ? inherited : new SharedArrayBuffer(WORDS * 4);
  if (memory !== inherited) setEnvironmentData(KEY, memory);
  const words = new Int32Array(memory);
  table = words;
  process.on('worker', guardTermination);
  // Workers end by force when the main thread exits, whatever they are doing.
  if (isMainThread) process.once('exit', () => awaitAll(words));
  return words;
}

/** Calls `body`, which may load koffi, unless this thread is about to be terminated: then it never returns. */
export function whileLoadingKoffi<T>(body: () => T): T {
  const words = shareKoffiLoading();
  const at = self % SLOTS;
  claim(words, at);
  try {
    const doom = load(words, DOOM);
    if (doom !== FREE && doom !== self) {
      release(words, at);
      standStill(words, at);
    }
    return body();
  } finally {
    release(words, at);
  }
}

/** Prepares a thread for being terminated: it is not loading koffi, and will not begin to. */
export function awaitKoffiLoading(ofThread: number): void {
  const key = ofThread + 1;
  const words = shareKoffiLoading();
  const at = key % SLOTS;
  const deadline = performance.now() + LOADING_MS;
  for (let found = FREE; ;) {
    const seen = cas(words, at, found, -key);
    if (seen === found || seen === -key) return;
    if (seen > FREE && performance.now() > deadline) return; // it hangs in there: ending it is a risk, not ending it is worse
    if (seen > FREE) wait(words, at, seen, 1);
    found = seen > FREE ? FREE : seen;
  }
}

/** Node tells of each worker that this thread starts; the method is shadowed in that one object, not in the class. */
function guardTermination(worker: Worker): void {
  const terminate = worker.terminate.bind(worker);
  worker.terminate = () => {
    if (worker.threadId > 0) awaitKoffiLoading(worker.threadId); // -1: it has ended
    return terminate();
  };
}

function claim(words: Int32Array, at: number): void {
  const deadline = performance.now() + LOADING_MS;
  for (let found = FREE; ;) {
    const seen = cas(words, at, found, self);
    if (seen === found) return;
    if (seen === -self) standStill(words, at);
    const abandoned = seen < FREE || performance.now() > deadline; // see 3 above
    if (!abandoned) wait(words, at, seen, 1);
    found = abandoned ? seen : FREE;
  }
}

/** Somebody who waited too long may have taken the slot over: then it is not ours to free. */
function release(words: Int32Array, at: number): void {
  cas(words, at, self, FREE);
  notify(words, at);
}

/** For all other threads: the process ends. */
function awaitAll(words: Int32Array): void {
  store(words, DOOM, self);
  const deadline = performance.now() + LOADING_MS;
  for (let slot = 0; slot < SLOTS; slot++) {
    for (let seen = load(words, slot); seen > FREE && seen !== self; seen = load(words, slot)) {
      if (performance.now() > deadline) return;
      wait(words, slot, seen, 1);
    }
  }
}

function standStill(words: Int32Array, at: number): never {
  for (;;) wait(words, at, load(words, at), 1000); // termination ends this
}
