import type { Moment } from './moment.js';
import type { Program } from './program.js';

/** Where a coroutine has its statements, other than in `does`. */
const BLOCKS = ['body', 'handler', 'cleanup'];
const DEADLINES = ['delay', 'timeout', 'when'];
/** Callbacks of these have a deadline, and with it a moment of their own. */
const TIMERS = ['callLater', 'callAt'];

function isBlock(statement: object): boolean {
  return 'op' in statement && statement.op !== 'try';
}

/**
 * The same program, with each statement of a coroutine, each end of a block, each deadline and what each callback does
 * at a moment of its own. Then nothing depends on which of two coroutines goes first within an iteration: code behind the
 * `await` of an async function runs after the batch in which a generator would have gone on, and that is all the
 * difference there is.
 */
export function separate(program: Program): Program {
  let moments = 0;
  const separated = visit(program) as Program; // it keeps the shape
  return { ...separated, farewell: { ...program.farewell, apart: true } };

  function moment(after: number): Moment {
    return { after, moment: moments++ };
  }

  function visit(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const isTimer = 'op' in value && TIMERS.includes(value.op as string); // all `op`s are strings
    const entries = Object.entries(value).map(([key, part]: [string, unknown]): [string, unknown] => {
      if (key === 'does' && 'returns' in value) return [key, wholeBody(part as unknown[])]; // what `does` is
      if (BLOCKS.includes(key) && Array.isArray(part))
        return [key, isBlock(value) ? wholeBody(part) : apart(part)];
      if (DEADLINES.includes(key) && typeof part === 'number' && (part > 0 || isTimer))
        return [key, moment(part)];
      return [key, key === 'body' && !isTimer ? later(visit(part)) : visit(part)];
    });
    return Object.fromEntries(entries);
  }

  function apart(statements: readonly unknown[]): unknown[] {
    return statements.flatMap((statement) => [pause(), visit(statement)]);
  }

  function pause(): object {
    return { op: 'sleep', delay: moment(0), value: 0 };
  }

  /** With a pause before it is left, in whichever way: then a lock is released, or a group cancels its tasks. */
  function wholeBody(statements: readonly unknown[]): object[] {
    return [
      { op: 'try', body: apart(statements), catches: 'any', handler: [], rethrows: true, cleanup: [pause()] },
    ];
  }

  /** The body of a callback; those of coroutines are as they are. */
  function later(body: unknown): unknown {
    if (typeof body !== 'object' || body === null || 'returns' in body) return body;
    const { id } = body as { id: string };
    const timer = {
      op: 'callLater',
      slot: `h-${id}`,
      delay: moment(0),
      body: { ...body, id: `${id}-later` },
    };
    return { id, does: [timer] };
  }
}
