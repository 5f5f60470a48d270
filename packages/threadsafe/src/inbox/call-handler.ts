/* eslint-disable @typescript-eslint/no-non-null-assertion -- word indices of a record that lies inside its ring */
import { watchResult } from '@ringloop/core/internal';
import {
  dropArguments,
  ONE_PLAIN,
  readArguments,
  readOnlyArgument,
  type TakeOutOfBand,
} from '../codec/arguments.js';
import { Kind, kindOf } from '../memory/record.js';
import type { Ring } from '../memory/ring.js';
import type { CalledFunction } from './function-table.js';

/**
 * Reports that a plain call has failed. @param isLate whether it returned a promise that was rejected, instead of
 * throwing
 */
export type FailedCallback = (name: string, thrown: unknown, isLate: boolean) => void;

/** Runs plain calls straight out of a ring: a call with one number allocates nothing. */
export class CallHandler {
  readonly #failed: FailedCallback;

  constructor(failed: FailedCallback) {
    this.#failed = failed;
  }

  /** Runs the call at word `at`. Throws only what `failed` throws. */
  run({ callback, name, error }: CalledFunction, ring: Ring, at: number, takeOutOfBand: TakeOutOfBand): void {
    const { words } = ring;
    const isNumber = kindOf(words, at) === Kind.CALL_NUMBER;
    try {
      if (callback === null) {
        if (!isNumber) dropArguments(ring, at, takeOutOfBand);
        throw error;
      }
      let result: unknown;
      if (isNumber) result = callback(ring.floats[(at >> 1) + 1]!);
      else if (words[at + 3] === ONE_PLAIN) result = callback(readOnlyArgument(ring, at));
      else result = callback(...readArguments(ring, at, takeOutOfBand));
      if (typeof result === 'object' && result !== null) this.#watch(result, name);
    } catch (thrown) {
      this.#failed(name, thrown, false);
    }
  }

  /** Drops the call at word `at`, which was cancelled. Throws only what `failed` throws. */
  drop({ name }: CalledFunction, ring: Ring, at: number, takeOutOfBand: TakeOutOfBand): void {
    if (kindOf(ring.words, at) === Kind.CALL_NUMBER) return;
    try {
      dropArguments(ring, at, takeOutOfBand);
    } catch (thrown) {
      this.#failed(name, thrown, false);
    }
  }

  /** Nobody uses the result of a plain call. But if it is a promise that is rejected, that is reported. */
  #watch(result: object, name: string): void {
    watchResult(result, (thrown) => this.#failed(name, thrown, true));
  }
}
