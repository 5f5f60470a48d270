import type { Host } from './host.js';
import { hold, load, type Measurement } from './load.js';
import type { Cell, LoadScenario, MemoryScenario, Metric, Scenario, ServerProgram } from './scenario.js';
import { ServerProcess } from './server-process.js';

/** What all measurements of a run have in common. */
export interface Run {
  readonly rounds: number;
  readonly seconds: number;
  readonly host: Host;
  /** For the sockets that have a path. */
  readonly folder: string;
}

/** Of one measurement. Times are microseconds, memory is bytes for each connection. */
export type Figures = Partial<
  Readonly<Record<Metric | 'p50' | 'p99' | 'clientLoad' | 'serverLoad' | 'lost', number>>
>;

/** One server of a scenario. */
export interface Contender {
  readonly name: string;
  /** Its code is compiled afterwards. */
  readonly warmUp: (cell: Cell) => Promise<void>;
  readonly measure: (cell: Cell) => Promise<Figures>;
  readonly close: () => Promise<void>;
}

/** Rejects with ContenderError when the server does not start. */
export function openContender(server: ServerProgram, scenario: Scenario, run: Run): Promise<Contender> {
  return scenario.measures === 'requests'
    ? openLoaded(server, scenario, run)
    : Promise.resolve(toWeighed(server, scenario, run));
}

/** Two loops have twice as much to compile: half a second is too little for them. */
const FIRST_WARM_UP_SECONDS = 1;
const NEXT_WARM_UP_SECONDS = 0.2; // another cell: what is new is compiled

/** One process for all rounds. */
async function openLoaded(server: ServerProgram, scenario: LoadScenario, run: Run): Promise<Contender> {
  const process = await ServerProcess.start(server, { ...scenario, ...run });
  const options = { scenario, ...run };
  let warmUpSeconds = FIRST_WARM_UP_SECONDS;
  return {
    name: server.name,
    warmUp: async (cell) => {
      await load(process, cell, { ...options, seconds: warmUpSeconds });
      warmUpSeconds = NEXT_WARM_UP_SECONDS;
    },
    measure: async (cell) => toFigures(await load(process, cell, options)),
    close: () => process.close(),
  };
}

const FIRST_CONNECTIONS = 1; // the code that serves it is there afterwards, and little memory that others could use again

/** A new process for each round: memory that is freed seldom goes back to the system. */
function toWeighed(server: ServerProgram, { kind }: MemoryScenario, run: Run): Contender {
  return {
    name: server.name,
    warmUp: () => Promise.resolve(),
    measure: async (cell) => {
      const process = await ServerProcess.start(server, { kind, ...run });
      try {
        await (await hold(process, { ...cell, connections: FIRST_CONNECTIONS }, run.host)).close();
        const before = await process.weigh();
        const held = await hold(process, cell, run.host);
        try {
          return { memory: ((await process.weigh()) - before) / cell.connections };
        } finally {
          await held.close();
        }
      } finally {
        await process.close();
      }
    },
    close: () => Promise.resolve(),
  };
}

export function toFigures(measurement: Measurement): Figures {
  const { requests, seconds, user, system, client, lost, p50, p99 } = measurement;
  const micros = (each: number): number => (each / requests) * 1e6;
  return {
    user: micros(user),
    system: micros(system),
    total: micros(user + system),
    rate: requests / seconds,
    p50: p50 * 1e6,
    p99: p99 * 1e6,
    serverLoad: (user + system) / seconds,
    clientLoad: client / seconds,
    lost,
  };
}
