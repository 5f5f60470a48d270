import type { Event } from './interpret/world.js';

const CANCELLED = /CancelledError\((\w*)\)/g;

/** Where two traces part. */
export interface Difference {
  readonly at: number;
  readonly expected: Event | undefined;
  readonly got: Event | undefined;
}

/** The first event in which `got` is not `expected`, or null where there is none. */
export function firstDifference(expected: readonly Event[], got: readonly Event[]): Difference | null {
  for (let at = 0; at < Math.max(expected.length, got.length); at++) {
    if (!isSame(lineOf(expected[at]), lineOf(got[at]))) return { at, expected: expected[at], got: got[at] };
  }
  return null;
}

/** Without the messages of cancellations. */
export function withoutMessages(trace: readonly Event[]): Event[] {
  return trace.map(([time, iteration, actor, what, outcome]) => {
    return [time, iteration, actor, what, outcome.replace(CANCELLED, 'CancelledError()')];
  });
}

/**
 * The trace as a sequence that does not tell in which order different bodies did things within an iteration, and that does
 * not count iterations in which nobody did anything: where blocks of async functions end, a wake-up for nothing is missing.
 */
export function byActor(trace: readonly Event[]): Event[] {
  const iterations = [...new Set(trace.map(([, iteration]) => iteration))];
  const rank = new Map(iterations.map((iteration, at) => [iteration, at]));
  return trace
    .map(([time, iteration, ...rest]): Event => [time, rank.get(iteration) ?? 0, ...rest])
    .sort(([, iteration, actor], [, otherIteration, otherActor]) => {
      if (iteration !== otherIteration) return iteration - otherIteration;
      return actor < otherActor ? -1 : Number(actor > otherActor);
    });
}

/**
 * CPython tells the message of a cancelled task to the first who asks, and to nobody else; ringloop tells it to all. So where
 * CPython has none, ringloop may have one.
 */
function isSame(expected: string, got: string): boolean {
  const messages = [...got.matchAll(CANCELLED)].map(([, message]) => message ?? '');
  return (
    expected.replace(CANCELLED, (error, message) => {
      const other = messages.shift() ?? '';
      return message === '' ? `CancelledError(${other})` : error;
    }) === got
  );
}

export function lineOf(event: Event | undefined): string {
  if (event === undefined) return '(nothing)';
  const [time, iteration, actor, what, outcome] = event;
  return `${time} s  #${iteration}  ${actor}: ${what} -> ${outcome}`;
}
