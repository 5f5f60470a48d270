import { NODE_PROGRAMS } from './node-programs.js';
import type { ServerProgram } from './scenario.js';

const nodePrograms = (kind: keyof typeof NODE_PROGRAMS): ServerProgram[] =>
  Object.keys(NODE_PROGRAMS[kind]).map((name) => ({ name, runtime: 'node', program: [kind, name] }));

/** What the names end with, by program. */
const pythonPrograms = (programs: Readonly<Record<string, string>>): ServerProgram[] =>
  (['asyncio', 'uvloop'] as const).flatMap((runtime) =>
    Object.entries(programs).map(([program, end]) => ({ name: runtime + end, runtime, program: [program] })),
  );

const c = (program: string): ServerProgram => ({ name: 'epoll in C', runtime: 'c', program: [program] });

export const STREAM_SERVERS: readonly ServerProgram[] = [
  ...nodePrograms('stream'),
  ...pythonPrograms({ protocol: '', buffered: ', buffered', streams: ', streams' }),
  c('stream'),
];

export const DATAGRAM_SERVERS: readonly ServerProgram[] = [
  ...nodePrograms('datagram'),
  ...pythonPrograms({ datagram: '' }),
  c('datagram'),
];

/** The C server computes nothing. */
export const HTTP_WORK_SERVERS: readonly ServerProgram[] = nodePrograms('http');

export const HTTP_SERVERS: readonly ServerProgram[] = [...HTTP_WORK_SERVERS, c('http')];
