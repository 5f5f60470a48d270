/**
 * What does a call into another thread cost? One producer thread, one consumer thread, a callback with one number: calls
 * per second until the last has run, and the idle-to-idle round trip. All peers take turns in one run: on a shared machine
 * only the ratios within a round mean anything.
 *
 *     npm run bench [-- --json] [--rounds N]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { run } from 'ringloop';
import { openComlink } from './dispatch/comlink.js';
import type { OpenPeer, Peer } from './dispatch/peer.js';
import { openPostMessage } from './dispatch/post-message.js';
import { openRingloop } from './dispatch/ringloop.js';
import { openWaitAsync } from './dispatch/wait-async.js';
import { describeMachine, type Machine } from './harness/machine.js';
import { quantile, type Spread, spreadOf } from './harness/statistics.js';

/** Calls in one flood, the same for both that send without waiting; Comlink answers each call, and takes as long for fewer. */
const CALLS = new Map<OpenPeer, number>([
  [openRingloop, 300_000],
  [openPostMessage, 300_000],
  [openComlink, 20_000],
  [openWaitAsync, 0],
]);
/** Floods a round, timed together. */
const FLOODS = 3;
const ROUND_TRIPS = 1_000;
/** Before the first round; round trips without a pause in between. */
const WARM_UP_FLOODS = 3;
const WARM_UP_ROUND_TRIPS = 10_000;
/** Both threads must be asleep again before each round trip, in ms. */
const IDLE_MS = 1;

interface Round {
  readonly callsPerSecond: number;
  readonly roundTripP50: number;
  readonly roundTripP99: number;
}

interface Row {
  readonly name: string;
  readonly callsPerSecond: Spread;
  /** Microseconds. */
  readonly roundTripP50: Spread;
  readonly roundTripP99: Spread;
  /** This peer's figure by postMessage's, round by round. */
  readonly callsRatio: Spread;
  readonly roundTripP50Ratio: Spread;
  readonly roundTripP99Ratio: Spread;
}

interface Report {
  readonly benchmark: 'dispatch';
  readonly machine: Machine;
  readonly rounds: number;
  readonly callsPerRound: Readonly<Record<string, number>>;
  readonly roundTripsPerRound: number;
  readonly rows: readonly Row[];
}

async function measure(peer: Peer, calls: number): Promise<Round> {
  await peer.flood?.(calls); // a core that has idled through the round trips is slow at first
  const start = process.hrtime.bigint();
  for (let i = 0; i < FLOODS; i++) await peer.flood?.(calls);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const trips: number[] = [];
  for (let i = 0; i < ROUND_TRIPS; i++) {
    await delay(IDLE_MS);
    const sent = process.hrtime.bigint();
    await peer.roundTrip();
    trips.push(Number(process.hrtime.bigint() - sent) / 1e3);
  }
  trips.sort((a, b) => a - b);
  return {
    callsPerSecond: peer.flood === null ? NaN : (FLOODS * calls) / seconds,
    roundTripP50: quantile(trips, 0.5),
    roundTripP99: quantile(trips, 0.99),
  };
}

/** The figures are those of a service that has run for a while: what is compiled at first use is compiled. */
async function warmUp(peer: Peer, calls: number): Promise<void> {
  for (let i = 0; i < WARM_UP_FLOODS; i++) await peer.flood?.(calls);
  for (let i = 0; i < WARM_UP_ROUND_TRIPS; i++) await peer.roundTrip();
}

async function compare(rounds: number): Promise<Report> {
  const peers: { peer: Peer; calls: number; results: Round[] }[] = [];
  for (const [open, calls] of CALLS) peers.push({ peer: await open(), calls, results: [] });
  try {
    for (const { peer, calls } of peers) await warmUp(peer, calls);
    for (let round = 0; round < rounds; round++) {
      for (const { peer, calls, results } of peers) results.push(await measure(peer, calls));
    }
  } finally {
    await Promise.all(peers.map(({ peer }) => peer.close()));
  }
  const base = peers[1]?.results ?? []; // postMessage, see CALLS
  return {
    benchmark: 'dispatch',
    machine: describeMachine(),
    rounds,
    callsPerRound: Object.fromEntries(peers.map(({ peer, calls }) => [peer.name, FLOODS * calls])),
    roundTripsPerRound: ROUND_TRIPS,
    rows: peers.map(({ peer, results }) => toRow(peer.name, results, base)),
  };
}

function toRow(name: string, results: readonly Round[], base: readonly Round[]): Row {
  const spread = (figure: keyof Round): Spread => spreadOf(results.map((round) => round[figure]));
  const ratio = (figure: keyof Round): Spread =>
    spreadOf(results.map((round, i) => round[figure] / (base[i]?.[figure] ?? NaN)));
  return {
    name,
    callsPerSecond: spread('callsPerSecond'),
    roundTripP50: spread('roundTripP50'),
    roundTripP99: spread('roundTripP99'),
    callsRatio: ratio('callsPerSecond'),
    roundTripP50Ratio: ratio('roundTripP50'),
    roundTripP99Ratio: ratio('roundTripP99'),
  };
}

function toTable({ machine, rounds, rows }: Report): string {
  const cells = [
    ['', 'M calls/s', '× postMessage', 'round trip p50 µs', '× postMessage', 'p99 µs', '× postMessage'],
    ...rows.map((row) => [
      row.name,
      show(row.callsPerSecond, 1e-6),
      show(row.callsRatio),
      show(row.roundTripP50),
      show(row.roundTripP50Ratio),
      show(row.roundTripP99),
      show(row.roundTripP99Ratio),
    ]),
  ];
  const widths =
    cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = cells.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))),
  );
  return [
    `Node ${machine.node}, ${machine.commit}, ${machine.cpu}, ${machine.cores} cores; median (min–max) of ${rounds} rounds`,
    ...lines.map((line) => line.join('  ')),
  ].join('\n');
}

function show({ median, min, max }: Spread, scale = 1): string {
  if (Number.isNaN(median)) return '–';
  const digits = (value: number): string => (value * scale).toPrecision(3).replace(/e\+?(\d+)$/, 'e$1');
  return `${digits(median)} (${digits(min)}–${digits(max)})`;
}

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '7' } },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds must be a positive integer, got ${values.rounds}`);
  process.exit(2);
}
const report = await run(() => compare(rounds));
const results = new URL('../../benchmarks/results/', import.meta.url);
mkdirSync(results, { recursive: true });
const file = new URL(`dispatch-node${process.versions.node.split('.')[0] ?? ''}.json`, results);
writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
console.log(values.json ? JSON.stringify(report) : toTable(report));
