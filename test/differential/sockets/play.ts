import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Agent, Place, Side, SideOptions, SocketEvent, SocketProgram } from './program.js';

/** What happened in a step, in order, as one line for each side. */
export type StepTrace = Readonly<Record<Side, string>>;

const MOST_ROUNDS = 50; // one side's event may be the cause of the other's; nobody goes on for ever

/**
 * Runs a program with a server and a client. Each side's order is exact; between them, only the step counts.
 * @param pause seconds between two looks whether anything more has happened
 */
export async function play(
  program: SocketProgram,
  agents: Readonly<Record<Side, Agent>>,
  pause: number,
): Promise<readonly StepTrace[]> {
  const directory = mkdtempSync(join(tmpdir(), 'ringloop-sockets-'));
  const traces: StepTrace[] = [];
  const local: Place =
    program.family === 'unix' ? { path: join(directory, 's') } : { host: '127.0.0.1', port: 0 };
  const { keepOpen, reactions } = program.server;
  try {
    const isUdp = program.family === 'udp';
    const opened = await agents.server.command({
      kind: isUdp ? 'bind' : 'listen',
      at: local,
      keepOpen,
      reactions,
      pause,
    });
    const at = opened.address;
    if (at === null) throw new Error('The server has no address');
    traces.push(await settled(agents, 'server', opened.events, pause));
    const connected = await agents.client.command({ ...connectTo(at, isUdp, program.client), pause });
    traces.push(await settled(agents, 'client', connected.events, pause));
    for (const { side, acts } of program.steps) {
      const { events } = await agents[side].command({ kind: 'do', acts, pause });
      traces.push(await settled(agents, side, events, pause));
    }
    return traces;
  } finally {
    await Promise.all([
      agents.client.command({ kind: 'end', pause }),
      agents.server.command({ kind: 'end', pause }),
    ]);
    rmSync(directory, { recursive: true });
  }
}

type Connecting = SideOptions & { readonly kind: 'connect' | 'bind'; readonly at: Place };

function connectTo(at: Place, isUdp: boolean, options: SideOptions): Connecting {
  if (!isUdp) return { kind: 'connect', at, ...options };
  if ('path' in at) throw new Error('A UDP server has no path');
  return { kind: 'bind', at: { host: '127.0.0.1', port: 0, remote: at }, ...options };
}

/** Asks both sides in turn until neither has been told anything more. */
async function settled(
  agents: Readonly<Record<Side, Agent>>,
  first: Side,
  events: readonly SocketEvent[],
  pause: number,
): Promise<StepTrace> {
  const all: Record<Side, SocketEvent[]> = { server: [], client: [] };
  all[first].push(...events);
  const second = first === 'server' ? 'client' : 'server';
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const [a, b] = await Promise.all([
      agents[second].command({ kind: 'settle', pause }),
      agents[first].command({ kind: 'settle', pause }),
    ]);
    all[second].push(...a.events);
    all[first].push(...b.events);
    if (a.events.length + b.events.length === 0) {
      return { server: lineOf(all.server), client: lineOf(all.client) };
    }
  }
  throw new Error('The two sides never come to rest');
}

/** All data of a step counts as one event, where the first of it came: how it is cut is the system's business. */
function lineOf(events: readonly SocketEvent[]): string {
  const isData = ([name]: SocketEvent): boolean => name === 'data';
  const bytes = events.filter(isData).reduce((sum, [, count]) => sum + Number(count), 0);
  const first = events.findIndex(isData);
  return events
    .filter((event, at) => !isData(event) || at === first)
    .map((event) => (isData(event) ? `data ${bytes}` : event.join(' ')))
    .join(', ');
}
