import { constants } from 'node:os';
import { inspect } from 'node:util';
import { rangeError, typeError } from '@ringloop/core/internal';

/** The number of a signal by its name. Real-time signals are not among them: libuv cannot watch those. */
const NUMBERS: Readonly<Record<string, number | undefined>> = constants.signals;

/** The highest number of a signal in Linux and macOS; the real-time signals are the highest. */
const HIGHEST = 64;

/** The first name of each number: SIGABRT and SIGIOT, for example, are the same signal. */
const names = new Map<number, NodeJS.Signals>();
for (const [name, number] of Object.entries(constants.signals)) {
  if (!names.has(number)) names.set(number, name as NodeJS.Signals); // they are the keys of `constants.signals`
}

/**
 * The number of a signal that this system has and Node can watch.
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when it is neither a name nor a number, ERR_UNKNOWN_SIGNAL when there is none
 *   of that name
 * @throws {RangeError} ERR_OUT_OF_RANGE when there is none of that number
 */
export function toSignalNumber(signal: unknown): number {
  if (typeof signal === 'number') {
    if (names.has(signal)) return signal;
    const why =
      Number.isInteger(signal) && signal > 0 && signal <= HIGHEST ? ': Node.js cannot watch it' : '';
    throw rangeError(`invalid signal number ${signal}${why}`);
  }
  if (typeof signal !== 'string') {
    throw typeError(`signal must be the name or the number of a signal, got ${inspect(signal)}`);
  }
  const number = Object.hasOwn(NUMBERS, signal) ? NUMBERS[signal] : undefined;
  if (number !== undefined) return number;
  const why = signal.startsWith('SIGRT') ? ', Node.js cannot watch real-time signals' : '';
  throw typeError(`Unknown signal: ${inspect(signal)}${why}`, 'ERR_UNKNOWN_SIGNAL');
}

/** The name under which Node emits the signal. @param number one that `toSignalNumber()` has returned */
export function signalName(number: number): NodeJS.Signals {
  const name = names.get(number);
  if (name === undefined) throw rangeError(`invalid signal number ${number}`);
  return name;
}
