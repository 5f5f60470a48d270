/** What a server listens on; both kinds of streams are served by the same programs. */
export type Kind = 'tcp' | 'unix' | 'udp' | 'http';

/** What peers/net-load.c does. */
export type LoadMode = 'stream' | 'accept' | 'udp' | 'http' | 'hold';

/** The process of one server: a program of net/node-server.ts, of peers/net.py or of peers/net-epoll.c. */
export interface ServerProgram {
  /** In reports and for --server. */
  readonly name: string;
  readonly runtime: 'node' | 'asyncio' | 'uvloop' | 'c';
  /** Which of its programs: its arguments. */
  readonly program: readonly string[];
}

/** One load of one kind: all servers answer it in turns. */
export interface Cell {
  readonly connections: number;
  /** Bytes of one message. */
  readonly size: number;
  /** Messages under way on each connection. */
  readonly depth: number;
}

/** What is known of one server in one cell. Times are microseconds of the server's processors for each request. */
export type Metric = 'user' | 'system' | 'total' | 'rate' | 'memory';

/** How we mean to stand beside a peer, in each cell that is measured. */
export interface Aim {
  readonly server: string;
  readonly metric: Metric;
  readonly against: string;
  readonly sense: 'at most' | 'at least';
  /** Times the figure of the peer. */
  readonly bound: number;
}

interface Question {
  /** On the command line. */
  readonly name: string;
  readonly title: string;
  readonly kind: Kind;
  readonly servers: readonly ServerProgram[];
  /** The server that the others are divided by. */
  readonly base: string;
  readonly cells: readonly Cell[];
  /** Those that --quick asks. */
  readonly quickCells: readonly Cell[];
  readonly aims: readonly Aim[];
}

/** Processor time and rate, by request. */
export interface LoadScenario extends Question {
  readonly measures: 'requests';
  readonly mode: Exclude<LoadMode, 'hold'>;
  /** Requests of HTTP, and the body that answers it. */
  readonly http?: { readonly path: string; readonly body: string };
  /** Whether servers have all cores, rather than one: for those that make use of several. */
  readonly allCores?: boolean;
}

/** Memory, by idle connection. */
export interface MemoryScenario extends Question {
  readonly measures: 'memory';
}

export type Scenario = LoadScenario | MemoryScenario;
