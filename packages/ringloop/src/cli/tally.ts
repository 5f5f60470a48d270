import type { BaseEventLoop } from '@ringloop/core';
import { remote } from '@ringloop/threadsafe';
import { getRunningLoop } from '../event-loop.js';

export interface Count {
  readonly files: number;
  readonly bytes: number;
  readonly compressedBytes: number;
}

/** What the serving loops have reported to the main loop, file by file. */
export class Tally {
  readonly #counts: Count[];
  readonly #onFile: (files: number) => void;
  #files = 0;

  /** @param onFile is called with the number of files so far */
  constructor(loops: number, onFile: (files: number) => void) {
    this.#counts = Array.from({ length: loops }, () => ({ files: 0, bytes: 0, compressedBytes: 0 }));
    this.#onFile = onFile;
  }

  /** One count for each loop. */
  get counts(): readonly Count[] {
    return this.#counts;
  }

  note(index: number, bytes: number, compressedBytes: number): void {
    const before = this.#counts[index];
    if (before === undefined) throw new RangeError(`There is no serving loop ${index}`);
    this.#counts[index] = {
      files: before.files + 1,
      bytes: before.bytes + bytes,
      compressedBytes: before.compressedBytes + compressedBytes,
    };
    this.#onFile(++this.#files);
  }
}

/** The tally of each main loop: a call from another thread finds it by the loop that it runs in. */
const tallies = new WeakMap<BaseEventLoop, Tally>();

/** Makes `noteFile()` calls into `loop` go to `tally` from now on. */
export function keepTally(loop: BaseEventLoop, tally: Tally): void {
  tallies.set(loop, tally);
}

/** Notes that the serving loop `index` has digested a file. */
export const noteFile = remote(
  import.meta.url,
  function noteFile(index: number, bytes: number, compressedBytes: number): void {
    tallies.get(getRunningLoop())?.note(index, bytes, compressedBytes);
  },
);
