import { expect } from 'chai';
import { check } from './check.js';
import { byActor, lineOf } from './compare.js';
import { knows } from './features.js';
import { GOLDEN } from './golden.js';
import { runProgram } from './interpret/run-program.js';
import { findPython, Oracle } from './oracle.js';

describe('differential/golden', () => {
  for (const { title, program, trace } of GOLDEN) {
    it(`runProgram() shows that ${title}`, async () => {
      expect((await runProgram(program, 'generator')).map(lineOf)).to.deep.equal(trace);
    });

    it(`runProgram() with async functions shows that ${title}`, async () => {
      const events = await runProgram(program, 'async');
      expect(byActor(events)).to.deep.equal(byActor(await runProgram(program, 'generator')));
    });
  }

  it('Oracle has the same traces (skipped where there is no Python)', async function () {
    const python = findPython();
    if (typeof python === 'string') {
      this.skip();
      return;
    }
    const oracle = new Oracle(python);
    const known = GOLDEN.filter(({ needs }) => needs.every((feature) => knows(python.version, feature)));
    for (const { program } of known) await check(oracle, program, 'generator');
    await oracle.close();
  });
});
