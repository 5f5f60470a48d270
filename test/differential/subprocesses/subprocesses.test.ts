/**
 * The same children, once under asyncio, once under our loop: what their protocols are told must be equal, step by step.
 *
 *   RINGLOOP_PYTHON               the Python to compare with, else python3.12 or python3
 *   RINGLOOP_SUBPROCESS_PROGRAMS  how many generated programs
 *   RINGLOOP_SEED                 which; a failure tells its seed
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { SelectorEventLoop } from '@ringloop/net';
import { itWithEpoll, onHandles } from '../../net/backend.js';
import { findPython } from '../oracle.js';
import { SubprocessOracle } from './subprocess-oracle.js';
import { subprocessPrograms } from './generate.js';
import { GOLDEN_SUBPROCESSES } from './golden.js';
import { runOurs } from './our-side.js';
import { comparable, type SubprocessProgram } from './program.js';

const PROGRAMS = Number(process.env.RINGLOOP_SUBPROCESS_PROGRAMS ?? 60);
const SEED = Number(process.env.RINGLOOP_SEED ?? 1);

const python = findPython();
const against =
  typeof python === 'string' ? `skipped: ${python}` : `against Python 3.${python.version.join('.')}`;

/** By the user the child runs as anyway: what sets one is started by node:child_process. */
const NODES_WAY = process.getuid === undefined ? {} : { uid: process.getuid() };
const WAYS = onHandles ? { 'node:child_process': {} } : { posix_spawn: {}, 'node:child_process': NODES_WAY };

for (const [way, how] of Object.entries(WAYS))
  describe(`differential/subprocesses, ${way}, ${against}`, function () {
    this.timeout(20_000 + PROGRAMS * 1000).slow(5000 + PROGRAMS * 100);
    let oracle: SubprocessOracle | null = null;

    before(function () {
      if (typeof python === 'string') this.skip();
      oracle = new SubprocessOracle(python);
    });

    after(() => oracle?.close());

    for (const { title, withEpoll, program } of GOLDEN_SUBPROCESSES) {
      const sentence = `SubprocessTransport tells its protocol what asyncio tells it: ${title}`;
      if (withEpoll === undefined) it(sentence, () => compare(program));
      else itWithEpoll(withEpoll, sentence, () => compare(program));
    }

    it('SubprocessTransport tells the protocols of generated programs what asyncio tells them', async () => {
      const { failed, errorInstance, counterexample, seed } = await fc.check(
        fc.asyncProperty(subprocessPrograms(!onHandles), compare),
        { numRuns: PROGRAMS, seed: SEED },
      );
      if (!failed) return;
      const { message } = errorInstance as Error; // compare() threw it
      throw new Error(`RINGLOOP_SEED=${seed} ${JSON.stringify(counterexample)}\n${message}`);
    });

    async function compare(program: SubprocessProgram): Promise<void> {
      if (oracle === null) throw new Error('before() starts it');
      const theirs = await oracle.run(program);
      const loop = new SelectorEventLoop({ name: 'subprocesses' });
      try {
        const ours = await loop.runUntilComplete(() => runOurs(loop, program, how));
        expect(comparable(ours)).to.deep.equal(comparable(theirs));
      } finally {
        loop.close();
      }
    }
  });
