import { parseArgs } from 'node:util';
import { UsageError } from '../harness/usage-error.js';
import { GROWING } from './growing.js';
import { ON_REQUEST, SCENARIOS } from './scenarios.js';
import type { Scenario } from './scenario.js';

export interface Options {
  readonly rounds: number;
  readonly scenarios: readonly Scenario[];
  readonly growth: boolean;
  readonly json: string | null;
  readonly write: boolean;
  readonly list: boolean;
}

/**
 * Any of these options alone asks for nothing else; --scenario and a request may be combined. --contender lets only the named ones
 * take part. @throws {UsageError}
 */
export function readOptions(args: readonly string[]): Options {
  const values = parse(args);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new UsageError(`--rounds must be a positive integer, got ${values.rounds}`);
  }
  const all = [...SCENARIOS, ...ON_REQUEST.idle, ...ON_REQUEST.memory];
  const named = values.scenario.map((name) => {
    const found = all.find((scenario) => scenario.name === name);
    if (found !== undefined) return found;
    throw new UsageError(`--scenario must be one of ${all.map((one) => one.name).join(', ')}, got ${name}`);
  });
  const { write, list, json = null } = values;
  if (write && (named.length > 0 || values.contender.length > 0)) {
    throw new UsageError('--write keeps whole reports only, and not that of some --scenario or --contender');
  }
  const requested = [
    ...named,
    ...(values.idle || write ? ON_REQUEST.idle : []),
    ...(values.memory || write ? ON_REQUEST.memory : []),
  ];
  const asksForLess = named.length > 0 || values.idle || values.memory || values.growth;
  const asked = new Set(asksForLess && !write ? requested : [...SCENARIOS, ...requested]);
  const scenarios = [...asked].map((scenario) => withOnly(values.contender, scenario));
  return { rounds, scenarios, growth: values.growth || write, json, write, list };
}

function withOnly(names: readonly string[], scenario: Scenario): Scenario {
  if (names.length === 0) return scenario;
  for (const name of names) {
    if (scenario.contenders.some((one) => one.name === name)) continue;
    const known = scenario.contenders.map((one) => one.name).join(', ');
    throw new UsageError(`--contender must be one of ${known} in ${scenario.name}, got ${name}`);
  }
  return { ...scenario, contenders: scenario.contenders.filter((one) => names.includes(one.name)) };
}

export function listScenarios(): string {
  return [
    ...SCENARIOS.map(({ name, title }) => `${name}: ${title}`),
    ...ON_REQUEST.idle.map(({ name, title }) => `${name}: ${title} (--idle)`),
    ...ON_REQUEST.memory.map(({ name, title }) => `${name}: ${title} (--memory)`),
    ...GROWING.map(({ name, title }) => `${name}: ${title} (--growth)`),
  ].join('\n');
}

function parse(args: readonly string[]): {
  rounds: string;
  scenario: string[];
  contender: string[];
  growth: boolean;
  memory: boolean;
  idle: boolean;
  write: boolean;
  list: boolean;
  json?: string | undefined;
} {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '7' },
        scenario: { type: 'string', multiple: true, default: [] },
        contender: { type: 'string', multiple: true, default: [] },
        growth: { type: 'boolean', default: false },
        memory: { type: 'boolean', default: false },
        idle: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        json: { type: 'string' },
      },
    }).values;
  } catch (thrown) {
    if (thrown instanceof TypeError) throw new UsageError(thrown.message); // an option that there is not, or without its value
    throw thrown;
  }
}
