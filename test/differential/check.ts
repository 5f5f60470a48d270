import { byActor, firstDifference, lineOf, withoutMessages } from './compare.js';
import { describeProgram } from './describe.js';
import type { Program } from './grammar/program.js';
import { runProgram } from './interpret/run-program.js';
import { CountingLoop, type Event, type Flavour } from './interpret/world.js';
import type { Oracle } from './oracle.js';

/**
 * Runs `program` on both and returns CPython's trace.
 * @throws where they differ, with the program, both traces and the place
 */
export async function check(
  oracle: Oracle,
  program: Program,
  flavour: Flavour,
  loop = new CountingLoop(),
): Promise<readonly Event[]> {
  const expected = await oracle.run(program);
  const got = await runProgram(program, flavour, loop);
  const compared = (trace: readonly Event[]): readonly Event[] => {
    const said = losesMessages(program) ? withoutMessages(trace) : trace;
    return flavour === 'generator' ? said : byActor(said);
  };
  const problem = explain(compared(expected), compared(got), program);
  if (problem !== null) throw new Error(problem);
  return expected;
}

/**
 * gather(), cancelled, gives its CancelledError the message that the last of its arguments was cancelled with at any time,
 * even where that went on and finished: an accident of CPython that is not worth copying.
 */
function losesMessages(program: Program): boolean {
  return JSON.stringify(program).includes('"from":"gather"');
}

/** What to tell of two traces, or null where they are the same. */
export function explain(expected: readonly Event[], got: readonly Event[], program: Program): string | null {
  const difference = firstDifference(expected, got);
  if (difference === null) return null;
  return [
    'ringloop and CPython differ in this program:',
    describeProgram(program),
    '\nCPython:',
    ...expected.map(lineOf),
    '\nringloop:',
    ...got.map(lineOf),
    `\nFirst difference, in event ${difference.at}:`,
    `  CPython   ${lineOf(difference.expected)}`,
    `  ringloop  ${lineOf(difference.got)}`,
  ].join('\n');
}
