import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import type { SelectorEventLoop } from '@ringloop/net';
import { describeWithEpoll } from '../../net/backend.js';
import { inLoop } from '../../net/in-loop.js';
import { iterations } from '../../net/iterations.js';
import { osPipe } from '../../net/pipes/os-pipes.js';
import { findPython } from '../oracle.js';
import { PYTHON_PIPES } from './python-pipes.js';

type Step =
  | readonly ['write', number]
  | readonly ['writelines', readonly number[]]
  | readonly ['limits', number, number]
  | readonly ['pause' | 'resume' | 'close R' | 'close W' | 'eof W' | 'abort W'];

const PROGRAMS = 150;
const SEED = Number(process.env.RINGLOOP_SEED ?? 1);

/** Numerical Recipes' generator: the same programs for the same seed. */
function randomness(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function makeProgram(random: (below: number) => number): Step[] {
  const size = (): number => [0, 1, 100, 5000, 70_000, 300_000][random(6)] ?? 1;
  const kinds: (() => Step)[] = [
    () => ['write', size()],
    () => ['write', size()],
    () => ['writelines', [size(), size(), size()]],
    () => ['limits', 1000 * (1 + random(50)), random(1000)],
    () => ['pause'],
    () => ['resume'],
    () => ['resume'],
    () => ['close W'],
    () => ['eof W'],
    () => ['close R'],
    () => ['abort W'],
  ];
  return Array.from(
    { length: 3 + random(8) },
    (_, at) => kinds[random(at < 3 ? 7 : kinds.length)]?.() ?? ['pause'],
  );
}

class Player {
  readonly #name: string;
  readonly #log: string[];

  constructor(name: string, log: string[]) {
    this.#name = name;
    this.#log = log;
  }

  connectionMade(): void {
    this.#note('made');
  }

  /** The pieces in which data arrives are the system's affair. */
  dataReceived(data: Buffer): void {
    const last = this.#log.at(-1);
    const before = last?.startsWith(`${this.#name} data `) === true ? Number(last.split(' ').at(-1)) : null;
    if (before !== null) this.#log.pop();
    this.#note(`data ${(before ?? 0) + data.byteLength}`);
  }

  eofReceived(): void {
    this.#note('eof');
  }

  pauseWriting(): void {
    this.#note('pause');
  }

  resumeWriting(): void {
    this.#note('resume');
  }

  connectionLost(exc: Error | null): void {
    this.#note(`lost ${exc === null ? 'null' : String((exc as { code?: unknown }).code)}`);
  }

  #note(what: string): void {
    this.#log.push(`${this.#name} ${what}`);
  }
}

async function play(loop: SelectorEventLoop, steps: readonly Step[]): Promise<string[][]> {
  const log: string[] = [];
  const seen: string[][] = [];
  const { read, write } = osPipe();
  const [R] = await loop.connectReadPipe(() => new Player('R', log), read);
  const [W] = await loop.connectWritePipe(() => new Player('W', log), write);
  const run = (step: Step): void => {
    if (step[0] === 'write') W.write(Buffer.alloc(step[1]));
    else if (step[0] === 'writelines') W.writelines(step[1].map((bytes) => Buffer.alloc(bytes)));
    else if (step[0] === 'limits') W.setWriteBufferLimits({ high: step[1], low: step[2] });
    else if (step[0] === 'pause') R.pauseReading();
    else if (step[0] === 'resume') R.resumeReading();
    else if (step[0] === 'close R') R.close();
    else if (step[0] === 'close W') W.close();
    else if (step[0] === 'eof W') W.writeEof();
    else if (!W.isClosing()) W.abort(); // asyncio loses a transport twice that is aborted when it is closing
  };
  for (const step of steps) {
    run(step);
    await iterations(loop, 60);
    const flags = [R.isReading(), R.isClosing(), W.isClosing()].map(Number);
    seen.push([...log.splice(0), `reading ${flags[0]} closing ${flags[1]} ${flags[2]}`]);
  }
  R.close();
  W.close();
  await iterations(loop, 60);
  return [...seen, log];
}

describeWithEpoll('its orders are those of a selector', 'differential/pipes', () => {
  it('tell the same in the same order as CPython, step by step (skipped without Python)', async function () {
    this.timeout(120_000).slow(20_000);
    const found = findPython();
    if (typeof found === 'string') return this.skip();
    const random = randomness(SEED);
    const programs = Array.from({ length: PROGRAMS }, () => makeProgram(random));
    const python = spawnSync(found.command, ['-W', 'ignore', '-c', PYTHON_PIPES], {
      input: JSON.stringify(programs),
      encoding: 'utf8',
    });
    expect(python.stderr.replaceAll(/^pipe closed by peer or .*\n/gm, '')).to.equal('');
    const theirs = JSON.parse(python.stdout) as string[][][];
    await inLoop(async (loop) => {
      for (const [at, program] of programs.entries()) {
        const ours = await play(loop, program);
        expect(ours, `seed ${SEED}, program ${at}: ${JSON.stringify(program)}`).to.deep.equal(theirs[at]);
      }
    });
  });
});
