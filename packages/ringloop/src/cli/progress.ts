import { SingleBar } from 'cli-progress';

/** How far the run is, for people. */
export interface Progress {
  update(files: number): void;
  stop(): void;
}

const NONE: Progress = { update: () => undefined, stop: () => undefined };

/** A bar on standard error, if that is a terminal and nobody minds. */
export function startProgress(total: number, { quiet }: { quiet: boolean }): Progress {
  if (quiet || !process.stderr.isTTY) return NONE;
  const bar = new SingleBar({
    format: '{bar} {percentage}%  {value}/{total} files  {duration_formatted}',
    stream: process.stderr,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
  });
  bar.start(total, 0);
  return { update: (files) => bar.update(files), stop: () => bar.stop() };
}
