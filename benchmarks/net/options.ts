import { parseArgs } from 'node:util';
import { UsageError } from '../harness/usage-error.js';
import type { Cell, Scenario } from './scenario.js';
import { quickly, SCENARIOS } from './scenarios.js';

const MAX_SIZE = 1 << 20; // peers/net-load.c keeps so much of its sequence

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly rounds: number;
  /** Of one measurement. */
  readonly seconds: number;
  readonly json: string | null;
  readonly write: boolean;
  readonly list: boolean;
}

/**
 * --connections, --size and --depth replace those of each scenario, and --server lets only the named ones take part.
 * @throws {UsageError}
 */
export function readOptions(args: readonly string[]): Options {
  const values = parse(args);
  const { write, list, json = null, quick } = values;
  const narrowed = [values.scenario, values.server, values.connections, values.size, values.depth];
  if (write && narrowed.some((names) => names.length > 0)) {
    throw new UsageError(
      '--write keeps whole reports only, and not what is asked of some scenarios, servers or cells',
    );
  }
  const rounds = integer('rounds', values.rounds ?? (quick ? '3' : '5'));
  const seconds = Number(values.seconds ?? (quick ? '0.2' : '1'));
  if (!(seconds > 0))
    throw new UsageError(`--seconds must be a positive number, got ${values.seconds ?? ''}`);
  const named = SCENARIOS.filter(
    ({ name }) => values.scenario.length === 0 || values.scenario.includes(name),
  );
  checkNames('scenario', values.scenario, SCENARIOS);
  const asked = quick ? quickly(named) : named;
  checkNames(
    'server',
    values.server,
    asked.flatMap(({ servers }) => servers),
  );
  const scenarios = asked
    .map((scenario) => withOnly(values.server, scenario))
    .filter(({ servers }) => servers.length > 0)
    .map((scenario) => ({ ...scenario, cells: cellsFor(scenario, values) }));
  return { scenarios, rounds, seconds, json, write, list };
}

export function listScenarios(): string {
  return SCENARIOS.map(
    ({ name, title, servers }) => `${name}: ${title}\n    ${servers.map((server) => server.name).join('; ')}`,
  ).join('\n');
}

function checkNames(option: string, given: readonly string[], all: readonly { name: string }[]): void {
  const known = [...new Set(all.map(({ name }) => name))];
  for (const name of given) {
    if (known.includes(name)) continue;
    throw new UsageError(
      `--${option} must be one of ${known.map((one) => `"${one}"`).join(', ')}, got ${name}`,
    );
  }
}

function withOnly(names: readonly string[], scenario: Scenario): Scenario {
  if (names.length === 0) return scenario;
  return {
    ...scenario,
    servers: scenario.servers.filter(({ name }) => names.includes(name)),
    aims: scenario.aims.filter(({ server, against }) => names.includes(server) && names.includes(against)),
  };
}

type Asked = Readonly<Record<'connections' | 'size' | 'depth', readonly string[]>>;

/** HTTP has the size that its answer has. */
function cellsFor({ kind, cells }: Scenario, asked: Asked): Cell[] {
  const given = (option: keyof Asked, own: (cell: Cell) => number, max = Infinity): number[] =>
    asked[option].length > 0 && !(option === 'size' && kind === 'http')
      ? asked[option].flatMap((list) => list.split(',')).map((value) => integer(option, value, max))
      : [...new Set(cells.map(own))];
  if (Object.values(asked).every((values) => values.length === 0)) return [...cells];
  const depths = given('depth', ({ depth }) => depth);
  const numbers = given('connections', ({ connections }) => connections);
  return given('size', ({ size }) => size, MAX_SIZE).flatMap((size) =>
    numbers.flatMap((connections) => depths.map((depth) => ({ connections, size, depth }))),
  );
}

function integer(option: string, value: string, max = Infinity): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  const range = max === Infinity ? 'a positive integer' : `an integer from 1 to ${max}`;
  throw new UsageError(`--${option} must be ${range}, got ${value}`);
}

function parse(args: readonly string[]): Asked & {
  scenario: string[];
  server: string[];
  rounds?: string | undefined;
  seconds?: string | undefined;
  json?: string | undefined;
  quick: boolean;
  write: boolean;
  list: boolean;
} {
  try {
    return parseArgs({
      args: [...args],
      options: {
        scenario: { type: 'string', multiple: true, default: [] },
        server: { type: 'string', multiple: true, default: [] },
        connections: { type: 'string', multiple: true, default: [] },
        size: { type: 'string', multiple: true, default: [] },
        depth: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        json: { type: 'string' },
        quick: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
      },
    }).values;
  } catch (thrown) {
    if (thrown instanceof TypeError) throw new UsageError(thrown.message); // an option that there is not, or without its value
    throw thrown;
  }
}
