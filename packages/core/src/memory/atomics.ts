/**
 * The one seam through which all packages access shared words: `@ringloop/core/atomics`, which they import as
 * `#atomics`.
 *
 * Production gets this file: the host's own functions under other names, so a call costs what `Atomics.load` costs. A
 * worker started with `--conditions=model` gets `atomics-model.ts` instead, which lets a test decide whose operation
 * comes next (test/model).
 */

/** What `waitAsync` answers: at once if the word had already changed, else a promise that a later `notify` settles. */
export type WaitAsyncResult =
  | { readonly async: false; readonly value: 'not-equal' | 'timed-out' }
  | { readonly async: true; readonly value: Promise<'ok' | 'timed-out'> };

/** The part of `Atomics` that we use. All shared words are Int32, so `Int32Array` is enough. */
interface HostAtomics {
  readonly load: (words: Int32Array, index: number) => number;
  readonly store: (words: Int32Array, index: number, value: number) => number;
  readonly compareExchange: (
    words: Int32Array,
    index: number,
    expected: number,
    replacement: number,
  ) => number;
  readonly add: (words: Int32Array, index: number, value: number) => number;
  readonly or: (words: Int32Array, index: number, value: number) => number;
  readonly notify: (words: Int32Array, index: number, count: number) => number;
  // Without a timeout: a waiter that times out leaves a promise and a native timer behind, and the loop has its own
  // timers.
  readonly waitAsync: (words: Int32Array, index: number, value: number) => WaitAsyncResult;
  readonly wait: (
    words: Int32Array,
    index: number,
    value: number,
    timeoutMs: number,
  ) => 'ok' | 'not-equal' | 'timed-out';
}

const host: HostAtomics = Atomics;

export const { load, store, compareExchange: cas, add, or, notify, waitAsync, wait } = host;
