/**
 * The same two sides of a connection, once both on asyncio, once one of them on our loop, over real sockets: what the
 * protocols are told must be equal, step by step, and in each step in order for each side. Data that arrives in several
 * pieces counts as one.
 *
 *   RINGLOOP_PYTHON           the Python to compare with, else python3.12 or python3
 *   RINGLOOP_SOCKET_PROGRAMS  how many generated programs
 *   RINGLOOP_SEED             which; a failure tells its seed
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { SelectorEventLoop } from '@ringloop/net';
import { findPython } from '../oracle.js';
import { datagramPrograms, sendfilePrograms, socketPrograms } from './generate.js';
import { GOLDEN_SOCKETS } from './golden.js';
import { OurAgent } from './our-agent.js';
import { play, type StepTrace } from './play.js';
import type { Agent, Side, SocketProgram } from './program.js';
import { PythonAgent } from './python-agent.js';

const PROGRAMS = Number(process.env.RINGLOOP_SOCKET_PROGRAMS ?? 40);
const SEED = Number(process.env.RINGLOOP_SEED ?? 1);
/**
 * Seconds between two looks whether a step is over. A busy machine delivers late, and TCP may wait 40 ms for an
 * acknowledgement: then a step has ended too early, and the program runs again with more patience.
 */
const PAUSES = [0.0005, 0.005, 0.05];

/** Older ones forget a pause in connection_made(). */
const OLDEST_MINOR = 11;

const found = findPython();
const python =
  typeof found === 'string' || found.version[0] >= OLDEST_MINOR
    ? found
    : `needs Python 3.${OLDEST_MINOR}: ${found.command} is 3.${found.version.join('.')}`;
/** Since 3.12 they forget flow control, and that a connection may be lost. */
const hasJoinedWritelines = typeof python !== 'string' && python.version[0] < 12;
const against =
  typeof python === 'string' ? `skipped: ${python}` : `against Python 3.${python.version.join('.')}`;

describe(`differential/sockets, ${against}`, function () {
  this.timeout(60_000 + PROGRAMS * 4000).slow(5000 + PROGRAMS * 500);
  let theirs: readonly [PythonAgent, PythonAgent] | null = null;

  before(function () {
    if (typeof python === 'string') this.skip();
    theirs = [new PythonAgent(python), new PythonAgent(python)];
  });

  after(async () => {
    for (const agent of theirs ?? []) await agent.close();
  });

  for (const { title, program } of GOLDEN_SOCKETS) {
    it(`SelectorEventLoop: ${title}`, () => compare(program));
  }

  for (const [what, programs] of [
    ['programs', socketPrograms(hasJoinedWritelines)],
    ['programs of datagrams', datagramPrograms()],
    ['programs that send files', sendfilePrograms(hasJoinedWritelines)],
  ] as const) {
    it(`SelectorEventLoop tells protocols of generated ${what} what asyncio tells them`, async () => {
      const { failed, errorInstance, counterexample, seed } = await fc.check(
        fc.asyncProperty(programs, compare),
        { numRuns: PROGRAMS, seed: SEED, endOnFailure: true }, // a smaller one would take minutes
      );
      if (failed) {
        const shown = JSON.stringify(counterexample);
        throw new Error(`RINGLOOP_SEED=${seed} ${shown}\n${(errorInstance as Error).message}`); // compare() threw it
      }
    });
  }

  it('SelectorEventLoop leaves nothing behind when connecting is cancelled at once', () =>
    onOurLoop(async (ours) => {
      const [server] = agents();
      const [pause = 0] = PAUSES;
      const at = (
        await server.command({
          kind: 'listen',
          at: { host: '127.0.0.1', port: 0 },
          keepOpen: false,
          reactions: [],
          pause,
        })
      ).address;
      if (at === null) throw new Error('The server has no address');
      expect((await ours.command({ kind: 'cancelConnect', at, pause })).events).to.deep.equal([
        ['cancelled'],
      ]);
      expect((await server.command({ kind: 'settle', pause })).events).to.deep.equal([]);
      await server.command({ kind: 'end', pause });
    }));

  function agents(): readonly [Agent, Agent] {
    if (theirs === null) throw new Error('before() starts them');
    return theirs;
  }

  async function compare(program: SocketProgram): Promise<void> {
    const [a, b] = agents();
    let differing: string[] = [];
    for (const pause of PAUSES) {
      const reference = await play(program, { server: a, client: b }, pause);
      const served = await onOurLoop((ours) => play(program, { server: ours, client: b }, pause));
      const connected = await onOurLoop((ours) => play(program, { server: a, client: ours }, pause));
      const both = { server: served, client: connected };
      const expected = linesOf({ server: reference, client: reference });
      differing = linesOf(both).flatMap((line, at) =>
        line === expected[at] ? [] : [`${line}; asyncio: ${String(expected[at]).replace(/^.*?: /, '')}`],
      );
      if (differing.length === 0) return;
    }
    throw new Error(differing.join('\n'));
  }
});

function linesOf(traces: Readonly<Record<Side, readonly StepTrace[]>>): string[] {
  return (['server', 'client'] as const).flatMap((ours) =>
    traces[ours].flatMap((step, number) => [
      `our ${ours}, step ${number}, server: ${step.server}`,
      `our ${ours}, step ${number}, client: ${step.client}`,
    ]),
  );
}

/** Runs `body` in a loop of ours with one agent, which also gets what the loop reports and warns of. */
async function onOurLoop<T>(body: (ours: Agent) => Promise<T>): Promise<T> {
  const loop = new SelectorEventLoop({ name: 'agent' });
  const ours = new OurAgent(loop);
  loop.setExceptionHandler((_loop, { message = '' }) =>
    ours.note('report', message.replace(/ callback .*|\.$/s, '')),
  );
  const { warn } = console;
  console.warn = (text: string) => ours.note('warning', text);
  try {
    return await loop.runUntilComplete(() => body(ours));
  } finally {
    console.warn = warn;
    loop.close();
  }
}
