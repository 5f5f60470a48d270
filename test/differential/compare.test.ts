import { expect } from 'chai';
import { explain } from './check.js';
import { byActor, firstDifference } from './compare.js';
import type { Program } from './grammar/program.js';
import { runProgram } from './interpret/run-program.js';
import type { Event } from './interpret/world.js';
import { program, spawn } from './golden.js';

const STARTS: Event = [0, 1, 'c1', 'starts', 'none'];
const SLEEPS: Event = [1, 2, 'c1', 'sleep', '5'];
const OTHER: Event = [1, 2, 'c2', 'starts', 'none'];

describe('differential/compare', () => {
  it('firstDifference() finds where two traces differ in order, content or length', () => {
    expect(firstDifference([STARTS, SLEEPS], [STARTS, SLEEPS])).to.equal(null);
    expect(firstDifference([STARTS, SLEEPS, OTHER], [STARTS, OTHER, SLEEPS])).to.deep.equal({
      at: 1,
      expected: SLEEPS,
      got: OTHER,
    });
    expect(firstDifference([STARTS], [[0, 2, 'c1', 'starts', 'none']])?.at).to.equal(0);
    expect(firstDifference([STARTS, SLEEPS], [STARTS])).to.deep.equal({
      at: 1,
      expected: SLEEPS,
      got: undefined,
    });
    expect(firstDifference([STARTS], [STARTS, SLEEPS])).to.deep.equal({
      at: 1,
      expected: undefined,
      got: SLEEPS,
    });
  });

  it('firstDifference() lets ringloop have the message of a cancellation where CPython has none, not the reverse', () => {
    const cancelled = (outcome: string): Event[] => [[0, 1, 'c1', 'throws', outcome]];
    const differ = (expected: string, got: string): boolean =>
      firstDifference(cancelled(expected), cancelled(got)) !== null;
    expect(differ('CancelledError()', 'CancelledError(x)')).to.equal(false);
    expect(
      differ('[CancelledError(x), CancelledError()]', '[CancelledError(x), CancelledError(y)]'),
    ).to.equal(false);
    expect(differ('CancelledError(x)', 'CancelledError()')).to.equal(true);
    expect(differ('CancelledError(x)', 'CancelledError(y)')).to.equal(true);
    expect(differ('CancelledError()', 'TimeoutError')).to.equal(true);
    expect(differ('TimeoutError', 'CancelledError()')).to.equal(true);
  });

  it('byActor() keeps time, iteration and the order of each body, and no other order', () => {
    const [starts, sleeps, other] = byActor([STARTS, OTHER, SLEEPS]);
    expect([starts?.[3], sleeps?.[3], other?.[2]]).to.deep.equal(['starts', 'sleep', 'c2']);
    expect(byActor([SLEEPS, OTHER])).to.deep.equal(byActor([OTHER, SLEEPS]));
    const later: Event = [1, 3, 'c1', 'sleep', '5'];
    expect(firstDifference(byActor([STARTS, OTHER, SLEEPS]), byActor([STARTS, OTHER, later]))?.at).to.equal(
      1,
    );
  });

  it('explain() shows the program, both traces and the place where the order is wrong', async () => {
    const right = program([spawn('t0', 'c1', []), spawn('t1', 'c2', [])]);
    const wrong: Program = program([spawn('t1', 'c2', []), spawn('t0', 'c1', [])]);
    const expected = await runProgram(right, 'generator');
    expect(explain(expected, await runProgram(right, 'generator'), right)).to.equal(null);
    expect(
      explain(expected, await runProgram(wrong, 'generator'), right)
        ?.split('\n')
        .slice(-3),
    ).to.deep.equal([
      'First difference, in event 1:',
      '  CPython   0 s  #1  main: spawn t0 -> none',
      '  ringloop  0 s  #1  main: spawn t1 -> none',
    ]);
  });
});
