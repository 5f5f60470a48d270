import type { Feature } from './features.js';
import type { Body, Program, Source, Statement } from './grammar/program.js';

/** A program as somebody would write it, and what happens in it. */
export interface Golden {
  readonly title: string;
  /** What not all Pythons know alike. */
  readonly needs: readonly Feature[];
  readonly program: Program;
  readonly trace: readonly string[];
}

export const GOLDEN: readonly Golden[] = [
  {
    title:
      'callbacks run in order, coroutines go on in the next iteration, what a callback raises is reported',
    needs: [],
    program: program([], {
      runs: [
        {
          before: [
            { op: 'callLater', slot: 'h1', delay: 0.5, body: { id: 'timer', does: [] } },
            {
              op: 'callSoon',
              slot: 'h0',
              body: {
                id: 'callback',
                does: [
                  { op: 'setResult', slot: 'f0', value: 3 },
                  { op: 'raise', kind: 'boom', message: 'x' },
                ],
              },
            },
          ],
          main: body('main', [awaiting('f0'), spawn('t0', 'task', []), sleep(1)], 4),
        },
      ],
    }),
    trace: [
      '0 s  #0  outside: callLater h1 -> none',
      '0 s  #0  outside: callSoon h0 -> none',
      '0 s  #1  callback: runs -> none',
      '0 s  #1  callback: setResult f0 -> none',
      '0 s  #1  callback: raise -> boom',
      '0 s  #1  loop: report -> Exception in callback: Boom(x)',
      '0 s  #1  main: starts -> none',
      '0 s  #1  main: await f0 -> 3',
      '0 s  #1  main: spawn t0 -> none',
      '0 s  #2  task: starts -> none',
      '0 s  #2  task: returns -> 0',
      '0.5 s  #3  timer: runs -> none',
      '1 s  #5  main: sleep -> 0',
      '1 s  #5  main: returns -> 4',
      '1 s  #6  run: ends -> 4',
      '1 s  #6  run: cancels -> 0',
    ],
  },
  {
    title: 'a cancelled task cleans up, and who awaits it is told',
    needs: ['cancelMessage'],
    program: program([
      spawn('t0', 'task', [
        {
          op: 'try',
          body: [sleep(5)],
          catches: 'cancelled',
          handler: [sleep(1)],
          rethrows: true,
          cleanup: [],
        },
      ]),
      sleep(1),
      { op: 'cancel', slot: 't0', message: 'enough' },
      awaiting('t0'),
    ]),
    trace: [
      '0 s  #1  main: starts -> none',
      '0 s  #1  main: spawn t0 -> none',
      '0 s  #2  task: starts -> none',
      '1 s  #4  main: sleep -> 0',
      '1 s  #4  main: cancel t0 -> true',
      '1 s  #5  task: sleep -> CancelledError(enough)',
      '2 s  #7  task: sleep -> 0',
      '2 s  #7  task: try -> CancelledError(enough)',
      '2 s  #7  task: throws -> CancelledError(enough)',
      '2 s  #8  main: await t0 -> CancelledError(enough)',
      '2 s  #8  main: throws -> CancelledError(enough)',
      '2 s  #9  run: ends -> CancelledError(enough)',
      '2 s  #9  run: cancels -> 0',
    ],
  },
  {
    title: 'a timeout cancels the children of a gather, and is a TimeoutError outside of it only',
    needs: ['timeout', 'gather'],
    program: program([
      {
        op: 'timeout',
        slot: 'm0',
        delay: 1,
        body: [
          {
            op: 'await',
            of: {
              from: 'gather',
              of: [coroutine('a', [sleep(3)]), coroutine('b', [sleep(0.5)])],
              returnExceptions: false,
            },
          },
        ],
      },
    ]),
    trace: [
      '0 s  #1  main: starts -> none',
      '0 s  #2  a: starts -> none',
      '0 s  #2  b: starts -> none',
      '0.5 s  #4  b: sleep -> 0',
      '0.5 s  #4  b: returns -> 0',
      '1 s  #7  a: sleep -> CancelledError()',
      '1 s  #7  a: throws -> CancelledError()',
      '1 s  #9  main: await gather(a, b) -> CancelledError()',
      '1 s  #9  main: timeout m0 -> TimeoutError',
      '1 s  #9  main: throws -> TimeoutError',
      '1 s  #10  run: ends -> TimeoutError',
      '1 s  #10  run: cancels -> 0',
    ],
  },
  {
    title: 'a getter that was cancelled leaves the item to the next',
    needs: [],
    program: program([
      spawn('t0', 'first', [{ op: 'get' }]),
      spawn('t1', 'second', [{ op: 'get' }, { op: 'taskDone' }]),
      sleep(0),
      { op: 'putNowait', value: 7 },
      { op: 'cancel', slot: 't0', message: null },
      { op: 'join' },
    ]),
    trace: [
      '0 s  #1  main: starts -> none',
      '0 s  #1  main: spawn t0 -> none',
      '0 s  #1  main: spawn t1 -> none',
      '0 s  #2  first: starts -> none',
      '0 s  #2  second: starts -> none',
      '0 s  #2  main: sleep -> 0',
      '0 s  #2  main: putNowait -> none',
      '0 s  #2  main: cancel t0 -> true',
      '0 s  #3  first: get -> CancelledError()',
      '0 s  #3  first: throws -> CancelledError()',
      '0 s  #4  second: get -> 7',
      '0 s  #4  second: taskDone -> none',
      '0 s  #4  second: returns -> 0',
      '0 s  #5  main: join -> none',
      '0 s  #5  main: returns -> 0',
      '0 s  #6  run: ends -> 0',
      '0 s  #6  run: cancels -> 0',
    ],
  },
];

/** A program of one coroutine. */
export function program(does: readonly Statement[], more: Partial<Program> = {}): Program {
  return {
    objects: { permits: 1, bounded: false, parties: 2, queue: 'fifo', maxsize: 1 },
    eager: false,
    runs: [{ before: [], main: body('main', does, 0) }],
    farewell: { message: null, apart: false },
    ...more,
  };
}

export function spawn(slot: string, id: string, does: readonly Statement[]): Statement {
  return { op: 'spawn', slot, body: body(id, does, 0) };
}

function body(id: string, does: readonly Statement[], returns: number): Body {
  return { id, does, returns };
}

function coroutine(id: string, does: readonly Statement[]): Source {
  return { from: 'coroutine', body: body(id, does, 0) };
}

function awaiting(slot: string): Statement {
  return { op: 'await', of: { from: 'slot', slot } };
}

function sleep(delay: number): Statement {
  return { op: 'sleep', delay, value: 0 };
}
