import { constants } from 'node:os';
import { inspect } from 'node:util';
import { rangeError, typeError } from '@ringloop/core/internal';

const NUMBERS: Readonly<Record<string, number | undefined>> = constants.signals;

/** The highest real-time signal of Linux. */
const HIGHEST = 64;

/**
 * The number of a signal that is to be sent; 0 only checks whether it could be.
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when it is neither a name nor a number; ERR_UNKNOWN_SIGNAL when no signal has the name
 * @throws {RangeError} ERR_OUT_OF_RANGE when no signal has the number
 */
export function signalOf(signal: unknown): number {
  if (typeof signal === 'number') {
    if (Number.isInteger(signal) && signal >= 0 && signal <= HIGHEST) return signal;
    throw rangeError(`Invalid signal number ${signal}`);
  }
  if (typeof signal !== 'string')
    throw typeError(
      `signal must be the name or the number of a signal, got ${inspect(signal, { depth: 0 })}`,
    );
  const number = Object.hasOwn(NUMBERS, signal) ? NUMBERS[signal] : undefined;
  if (number === undefined) throw typeError(`Unknown signal: ${inspect(signal)}`, 'ERR_UNKNOWN_SIGNAL');
  return number;
}

export const SIGKILL = constants.signals.SIGKILL;
export const SIGTERM = constants.signals.SIGTERM;
