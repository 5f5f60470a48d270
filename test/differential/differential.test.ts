import type { Handle } from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { check } from './check.js';
import { Coverage } from './coverage.js';
import type { Feature, Version } from './features.js';
import { programs } from './grammar/generate.js';
import type { Program } from './grammar/program.js';
import { separate } from './grammar/separate.js';
import { CountingLoop, type Flavour } from './interpret/world.js';
import { findPython, Oracle } from './oracle.js';

/**
 * Generated programs run on CPython's event loop and on ours, and what happens in them must be the same, in the same order,
 * at the same time and in the same iteration. What a program is: grammar/program.ts. How it is run: interpret/ here and
 * oracle/ in Python, file by file each other's twins. What the oracle does otherwise than CPython: oracle/virtual_loop.py.
 *
 * With generator coroutines the traces must be equal, event for event. With async functions they cannot be: code behind an
 * `await` runs after the batch in which a generator goes on (contract 0.5), so where two coroutines go on in the same
 * iteration, another one may be first. Hence those programs are taken apart in time (grammar/separate.ts), so that nothing
 * depends on who is first; then the traces must be equal body by body, each event at its time, and the same events in one
 * iteration.
 * Left out there: SystemExit, which ends the batch that it is raised in; cancelling() and uncancel(), for a block of an async
 * function counts the cancellations itself that it asks for (docs/asyncio-differences.md, Blocks).
 *
 *   RINGLOOP_PYTHON    the Python to compare with, else python3.12 or python3; features.ts says what each version can tell
 *   RINGLOOP_PROGRAMS  how many programs with generator coroutines; a quarter as many with async functions, and with both
 *   RINGLOOP_SEED      which programs; a failure tells its seed
 *   RINGLOOP_COVERAGE  set: shows in how many programs each feature did something
 */
const PROGRAMS = Number(process.env.RINGLOOP_PROGRAMS ?? 2000);
const GENERATORS_ONLY: readonly Feature[] = ['raiseExit', 'cancelling', 'uncancel'];
const ENOUGH_FOR_ALL = 2000; // the rarest of all features and errors is in every 200th program or so
const SEED = process.env.RINGLOOP_SEED;

const python = findPython();
const against =
  typeof python === 'string' ? `skipped: ${python}` : `against Python 3.${python.version.join('.')}`;

describe(`differential/differential, ${against}`, function () {
  this.timeout(PROGRAMS * 100); // milliseconds; many times what it takes
  this.slow(PROGRAMS * 10);
  const version: Version = typeof python === 'string' ? [0, 0] : python.version;
  let oracle: Oracle | null = null;

  before(function () {
    if (typeof python === 'string') this.skip();
    oracle = new Oracle(python);
  });

  after(() => oracle?.close());

  it('BaseEventLoop runs generator coroutines step by step as CPython does', async () => {
    const coverage = await compare(programs(version), 'generator', PROGRAMS);
    const counts = [...coverage.of(version)];
    if (process.env.RINGLOOP_COVERAGE !== undefined) console.log(Object.fromEntries(counts));
    if (PROGRAMS < ENOUGH_FOR_ALL) return;
    expect(counts.filter(([, traces]) => traces === 0)).to.deep.equal([]);
  });

  it('BaseEventLoop runs async functions in the iterations of CPython', async () => {
    await compare(separated(), 'async', Math.ceil(PROGRAMS / 4));
  });

  it('BaseEventLoop runs both kinds of coroutines together in the iterations of CPython', async () => {
    await compare(separated(), 'mixed', Math.ceil(PROGRAMS / 4));
  });

  it('check() catches a loop that is late with every fifth callback', async () => {
    class LateLoop extends CountingLoop {
      #calls = 0;

      override callSoon<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): Handle {
        if (++this.#calls % 5 !== 0) return super.callSoon(callback, ...args);
        return super.callSoon(() => super.callSoon(callback, ...args));
      }
    }
    const property = fc.asyncProperty(programs(version), async (program) => {
      await check(running(), program, 'generator', new LateLoop());
    });
    const { failed, errorInstance } = await fc.check(property, {
      numRuns: PROGRAMS,
      seed: 1,
      endOnFailure: true,
    });
    expect(failed).to.equal(true);
    expect(String(errorInstance)).to.contain('First difference, in event');
  });

  function separated(): fc.Arbitrary<Program> {
    return programs(version, (feature) => !GENERATORS_ONLY.includes(feature)).map(separate);
  }

  function running(): Oracle {
    if (oracle === null) throw new Error('before() starts it');
    return oracle;
  }

  async function compare(
    arbitrary: fc.Arbitrary<Program>,
    flavour: Flavour,
    numRuns: number,
  ): Promise<Coverage> {
    const coverage = new Coverage();
    const property = fc.asyncProperty(arbitrary, async (program) => {
      coverage.add(program, await check(running(), program, flavour));
    });
    const seed = SEED === undefined ? {} : { seed: Number(SEED) };
    const { failed, errorInstance, seed: usedSeed } = await fc.check(property, { numRuns, ...seed });
    if (failed) throw new Error(`RINGLOOP_SEED=${usedSeed}\n${(errorInstance as Error).message}`); // check() threw it
    return coverage;
  }
});
