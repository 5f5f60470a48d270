/**
 * The one seam through which this package reaches shared words: the subpath import `#atomics`. As in @ringloop/threadsafe, which
 * is no package that this one may import.
 */

/** The part of `Atomics` we use, for `Int32Array` only: every word that is shared is one. */
interface HostAtomics {
  readonly load: (words: Int32Array, index: number) => number;
  readonly store: (words: Int32Array, index: number, value: number) => number;
  readonly compareExchange: (
    words: Int32Array,
    index: number,
    expected: number,
    replacement: number,
  ) => number;
  readonly notify: (words: Int32Array, index: number) => number;
  readonly wait: (
    words: Int32Array,
    index: number,
    value: number,
    timeoutMs?: number,
  ) => 'ok' | 'not-equal' | 'timed-out';
}

const host: HostAtomics = Atomics;

export const { load, store, compareExchange: cas, notify, wait } = host;
