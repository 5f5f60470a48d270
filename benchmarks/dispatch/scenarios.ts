import { coroutine } from './coroutine.js';
import { GROWING } from './growing.js';
import { idle } from './idle.js';
import { latency } from './latency.js';
import { memory } from './memory.js';
import { producers } from './producers.js';
import { roundTrip } from './round-trip.js';
import type { Scenario } from './scenario.js';
import { throughput, throughputOfPayloads } from './throughput.js';

/** What a run without options asks. */
export const SCENARIOS: readonly Scenario[] = [
  throughput,
  ...throughputOfPayloads,
  producers,
  latency,
  roundTrip,
  coroutine,
];

/** Asked on request: they take long, or say little about speed. */
export const ON_REQUEST = { idle: [idle], memory } as const;

/** For the contenders' processes. */
export function findScenario(name: string): Scenario | null {
  const all = [
    ...SCENARIOS,
    ...ON_REQUEST.idle,
    ...ON_REQUEST.memory,
    ...GROWING.flatMap(({ xs, scenarioAt }) => xs.map(scenarioAt)),
  ];
  return all.find((scenario) => scenario.name === name) ?? null;
}
