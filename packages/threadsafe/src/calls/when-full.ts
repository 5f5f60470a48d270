import { inspect } from 'node:util';
import { checkTime, rangeError, typeError } from '@ringloop/core/internal';
import { checkMayBlock } from './blocking.js';
import { DEFAULT_LIMIT_BYTES } from '../inbox/lane-writer.js';

/** Options of a LoopRef: what its calls do when the ring to the loop is full. */
export interface LoopRefOptions {
  /**
   * 'spill', the default: goes on in larger rings, in order, and throws RingFullError beyond `limitBytes`. 'throw':
   * throws RingFullError at once. 'block': blocks the thread until there is room; not allowed in the main thread.
   */
  readonly whenFull?: 'spill' | 'throw' | 'block';
  /**
   * Size of the largest ring for 'spill', in bytes; records that are still in the smaller rings before it come in
   * addition. It also limits, roughly, what is posted beside the ring (large, shared or moved values) and not read yet,
   * whatever `whenFull` says; a single call is always allowed. 64 MiB by default.
   */
  readonly limitBytes?: number;
  /** How long 'block' waits before it throws RingFullError, in seconds; `Infinity` by default. */
  readonly timeout?: number;
}

export type WhenFull = Required<LoopRefOptions>;

export const SPILL: WhenFull = { whenFull: 'spill', limitBytes: DEFAULT_LIMIT_BYTES, timeout: Infinity };

/** For calls that never wait. */
export const THROW: WhenFull = { ...SPILL, whenFull: 'throw' };

/**
 * Checks the options and takes those that are missing from `base`.
 * @throws {TypeError} @throws {RangeError} @throws {MainThreadError} for 'block' in the main thread
 */
export function checkWhenFull(options: LoopRefOptions, base: WhenFull): WhenFull {
  if (typeof options !== 'object' || (options as object | null) === null) {
    throw typeError(`options must be an object, got ${inspect(options)}`);
  }
  const { whenFull = base.whenFull, limitBytes = base.limitBytes, timeout = base.timeout } = options;
  if (!['spill', 'throw', 'block'].includes(whenFull)) {
    throw typeError(
      `whenFull must be 'spill', 'throw' or 'block', got ${inspect(whenFull)}`,
      'ERR_INVALID_ARG_VALUE',
    );
  }
  if (typeof limitBytes !== 'number')
    throw typeError(`limitBytes must be a number, got ${inspect(limitBytes)}`);
  if (!(limitBytes >= 0 && limitBytes <= DEFAULT_LIMIT_BYTES)) {
    throw rangeError(`limitBytes must be from 0 to ${DEFAULT_LIMIT_BYTES}, got ${limitBytes}`);
  }
  checkTime(timeout, 'timeout');
  if (whenFull === 'block') checkMayBlock("make calls with whenFull: 'block'");
  return { whenFull, limitBytes, timeout };
}
