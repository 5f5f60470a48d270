import { HELLO, WORK } from './http-answers.js';
import type { Aim, Cell, Scenario, ServerProgram } from './scenario.js';
import { DATAGRAM_SERVERS, HTTP_SERVERS, HTTP_WORK_SERVERS, STREAM_SERVERS } from './servers.js';

const CONNECTIONS = [1, 100, 1_000, 10_000];
const SIZES = [64, 1_024, 65_536];

function cellsOf(connections: readonly number[], sizes: readonly number[], depth = 1): Cell[] {
  return sizes.flatMap((size) => connections.map((number) => ({ connections: number, size, depth })));
}

/** One plain program of each runtime: what follows a comma is another way to write it. */
const isPlain = ({ name }: ServerProgram): boolean => !name.includes(', ');

const atMost = (bound: number, server: string, metric: Aim['metric'], against: string): Aim => ({
  server,
  metric,
  against,
  sense: 'at most',
  bound,
});

const STREAM_AIMS: readonly Aim[] = [
  atMost(0.5, 'ringloop', 'user', 'node:net'),
  atMost(1.3, 'ringloop', 'user', 'uvloop'),
  atMost(1.2, 'ringloop', 'total', 'epoll in C'),
  atMost(0.8, 'ringloop, streams', 'user', 'node:net'),
];

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'tcp',
    title: 'TCP echo',
    measures: 'requests',
    kind: 'tcp',
    mode: 'stream',
    base: 'node:net',
    servers: STREAM_SERVERS,
    cells: cellsOf(CONNECTIONS, SIZES),
    quickCells: cellsOf([100], SIZES),
    aims: STREAM_AIMS,
  },
  {
    name: 'tcp-pipelined',
    title: 'TCP echo, 16 messages under way on each connection',
    measures: 'requests',
    kind: 'tcp',
    mode: 'stream',
    base: 'node:net',
    servers: STREAM_SERVERS.filter(isPlain),
    cells: cellsOf([100], [64, 1_024], 16),
    quickCells: [],
    aims: [],
  },
  {
    name: 'unix',
    title: 'Unix echo',
    measures: 'requests',
    kind: 'unix',
    mode: 'stream',
    base: 'node:net',
    servers: STREAM_SERVERS,
    cells: cellsOf(CONNECTIONS, SIZES),
    quickCells: cellsOf([100], [1_024]),
    aims: STREAM_AIMS,
  },
  {
    name: 'udp',
    title: 'UDP echo, by the number of sockets that send',
    measures: 'requests',
    kind: 'udp',
    mode: 'udp',
    base: 'node:dgram',
    servers: DATAGRAM_SERVERS,
    cells: cellsOf([1, 50], [64, 1_024]), // 100 of a kibibyte do not fit into the server's buffer
    quickCells: cellsOf([50], [64]),
    aims: [atMost(0.65, 'ringloop', 'total', 'node:dgram')],
  },
  {
    name: 'accept',
    title: 'TCP connections that are made, used once and closed',
    measures: 'requests',
    kind: 'tcp',
    mode: 'accept',
    base: 'node:net',
    servers: STREAM_SERVERS,
    cells: cellsOf([1, 100], [64]),
    quickCells: cellsOf([100], [64]),
    aims: [],
  },
  {
    name: 'http',
    title: 'HTTP on connections that are kept',
    measures: 'requests',
    kind: 'http',
    mode: 'http',
    base: 'node:http',
    http: HELLO,
    servers: HTTP_SERVERS,
    cells: cellsOf([1, 100, 1_000], [HELLO.body.length]),
    quickCells: cellsOf([100], [HELLO.body.length]),
    aims: [atMost(1.15, 'ringloop 2 loops', 'total', 'node:http')],
  },
  {
    name: 'http-work',
    title: 'HTTP with a handler that computes for a millisecond',
    measures: 'requests',
    kind: 'http',
    mode: 'http',
    base: 'node:http',
    http: WORK,
    allCores: true,
    servers: HTTP_WORK_SERVERS,
    cells: cellsOf([100], [WORK.body.length]),
    quickCells: cellsOf([100], [WORK.body.length]),
    aims: [
      {
        server: 'ringloop 2 loops',
        metric: 'rate',
        against: 'ringloop 1 loop',
        sense: 'at least',
        bound: 1.8,
      },
    ],
  },
  {
    name: 'memory',
    title: 'Memory of idle TCP connections, in the process of the server',
    measures: 'memory',
    kind: 'tcp',
    base: 'node:net',
    servers: STREAM_SERVERS,
    cells: cellsOf([1_000, 10_000], [64]),
    quickCells: cellsOf([10_000], [64]), // memory that the process has anyway holds a thousand
    aims: [atMost(0.5, 'ringloop', 'memory', 'node:net')],
  },
];

/** What covers the aims and takes little time: few cells, one program of each runtime, and whom an aim names. */
export function quickly(scenarios: readonly Scenario[]): Scenario[] {
  return scenarios
    .map((scenario) => ({
      ...scenario,
      servers: scenario.servers.filter((server) => isQuick(server) || isNamed(server, scenario.aims)),
      cells: scenario.quickCells,
    }))
    .filter(({ cells }) => cells.length > 0);
}

/** uvloop stands for Python: it is the faster one. */
function isQuick(server: ServerProgram): boolean {
  return isPlain(server) && server.runtime !== 'asyncio';
}

function isNamed({ name }: ServerProgram, aims: readonly Aim[]): boolean {
  return aims.some(({ server, against }) => server === name || against === name);
}
