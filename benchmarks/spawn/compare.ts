import { fileURLToPath } from 'node:url';
import { ContenderProcess } from '../harness/contender-process.js';
import { type Python, pythonLoops } from '../harness/python.js';
import { ratioOf, type Spread, spreadOf } from '../harness/statistics.js';
import { CONTENDERS } from './contenders.js';
import type { Cost, Question, Scenario } from './scenario.js';

const NODE_CHILD = fileURLToPath(new URL('./child.js', import.meta.url));
// The compiled file is in build/benchmarks/spawn/.
const PYTHON_CHILD = fileURLToPath(new URL('../../../benchmarks/peers/spawn.py', import.meta.url));

export interface Figure {
  readonly contender: string;
  readonly cpuUs: Spread;
  readonly wallUs: Spread;
  /** Of the CPU time, with node:child_process as 1. */
  readonly ratio: Spread;
}

export interface Result {
  readonly scenario: string;
  readonly aim: number | null;
  readonly figures: readonly Figure[];
  /** Null: there is no aim. */
  readonly met: boolean | null;
}

/** Children that are not counted: by then, the code that starts them is compiled. */
const WARM_UP = 400;

/** Lets all contenders start children in turns, round by round. */
export async function compare(scenario: Scenario, rounds: number, python: Python | null): Promise<Result> {
  const contenders = openAll(scenario, python);
  const costs = new Map<string, Cost[]>();
  try {
    for (const contender of contenders.values())
      await contender.ask({ ...scenario.question, children: WARM_UP });
    for (let round = 0; round < rounds; round++) {
      for (const [name, contender] of contenders) {
        const cost = await contender.ask(scenario.question);
        costs.set(name, [...(costs.get(name) ?? []), cost]);
      }
    }
  } finally {
    await Promise.all([...contenders.values()].map((contender) => contender.close()));
  }
  const base = (costs.get('child_process') ?? []).map(({ cpuUs }) => cpuUs);
  const figures = [...costs].map(([contender, each]): Figure => {
    const cpuUs = each.map((cost) => cost.cpuUs);
    return {
      contender,
      cpuUs: spreadOf(cpuUs),
      wallUs: spreadOf(each.map(({ wallUs }) => wallUs)),
      ratio: ratioOf(cpuUs, base),
    };
  });
  const { name, aim } = scenario;
  const ours = figures.find(({ contender }) => contender === 'ringloop');
  return {
    scenario: name,
    aim,
    figures,
    met: aim === null || ours === undefined ? null : ours.ratio.median <= aim,
  };
}

function openAll(
  { ballastMb }: Scenario,
  python: Python | null,
): Map<string, ContenderProcess<Question, Cost>> {
  const contenders = new Map<string, ContenderProcess<Question, Cost>>();
  const ballast = String(ballastMb);
  for (const name of Object.keys(CONTENDERS))
    contenders.set(name, new ContenderProcess(name, process.execPath, [NODE_CHILD, name, ballast]));
  for (const name of pythonLoops(python)) {
    const command = python?.command ?? ''; // it is there, since it has loops
    contenders.set(name, new ContenderProcess(name, command, ['-B', PYTHON_CHILD, name, ballast]));
  }
  return contenders;
}
