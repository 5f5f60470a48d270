import { execFileSync } from 'node:child_process';
import { arch, availableParallelism, cpus, release, totalmem } from 'node:os';

/** Where and with what a figure was measured: without it, it means nothing. */
export interface Machine {
  readonly node: string;
  readonly commit: string;
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
}

export function describeMachine(): Machine {
  return {
    node: process.version,
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()} ${arch()}`,
  };
}

function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    const changed =
      git('status', '--porcelain', '--', 'packages', 'benchmarks', ':!benchmarks/results') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? ' with changes' : '');
  } catch {
    return 'unknown'; // not a checkout
  }
}
