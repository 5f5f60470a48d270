import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findPython, type Python } from '../harness/python.js';

const SOURCES = fileURLToPath(new URL('../../../benchmarks/peers/', import.meta.url));
const PROGRAMS = fileURLToPath(new URL('../../peers/', import.meta.url));
const COMPILERS = ['cc', 'gcc', 'clang'];

/** What of this machine the benchmark makes use of. */
export interface Host {
  /** Compiled from peers/. */
  readonly load: string;
  readonly epollServer: string;
  readonly compiler: string;
  readonly python: Python | null;
  /** The source of Python's servers. */
  readonly pythonServer: string;
  /** Servers on the first, the load on the second; null: the system decides. */
  readonly cores: readonly [server: number, load: number] | null;
  /** Descriptors that a process may have. */
  readonly descriptors: number;
}

/** The load is a program in C: without a compiler, there is no benchmark. */
export class NoCompilerError extends Error {
  readonly code = 'ERR_NO_COMPILER';
  override readonly name = 'NoCompilerError';
}

/** Looks for the peers, and compiles those in C. @throws {NoCompilerError} */
export function findHost(): Host {
  const compiler = COMPILERS.find((command) => firstLine(command, '--version') !== null);
  if (compiler === undefined) {
    throw new NoCompilerError(
      `The load of this benchmark is a program in C, and there is no ${COMPILERS.join(', ')}`,
    );
  }
  return {
    load: compile(compiler, 'net-load'),
    epollServer: compile(compiler, 'net-epoll'),
    compiler: firstLine(compiler, '--version') ?? compiler,
    python: findPython(),
    pythonServer: `${SOURCES}net.py`,
    cores: findCores(),
    descriptors: Number(firstLine('sh', '-c', 'ulimit -Hn')?.replace('unlimited', 'Infinity') ?? NaN),
  };
}

/** The first two numbers of a list such as `0,2-5`; null: there is only one. */
export function firstTwo(list: string): readonly [number, number] | null {
  const numbers = list.split(',').flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: Math.min(last - first + 1, 2) }, (_, i) => first + i);
  });
  const [one, two] = numbers;
  return one === undefined || two === undefined ? null : [one, two];
}

function findCores(): Host['cores'] {
  const printed = firstLine('sh', '-c', 'taskset -cp $$'); // pid 1's current affinity list: 0,1
  return printed === null ? null : firstTwo(printed.slice(printed.lastIndexOf(':') + 1).trim());
}

function compile(compiler: string, name: string): string {
  mkdirSync(PROGRAMS, { recursive: true });
  const program = PROGRAMS + name;
  const flags = ['-O2', '-Wall', '-Wextra', '-o', program, `${SOURCES}${name}.c`];
  execFileSync(compiler, flags, { stdio: ['ignore', 'ignore', 'inherit'] });
  return program;
}

function firstLine(command: string, ...args: string[]): string | null {
  try {
    const printed = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return printed.split('\n')[0] ?? '';
  } catch {
    return null; // not installed
  }
}
