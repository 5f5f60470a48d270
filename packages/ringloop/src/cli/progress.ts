import { SingleBar } from 'cli-progress';

/** Shows people how far the run is. */
export interface Progress {
  update(files: number): void;
  stop(): void;
}

const NONE: Progress = { update: () => undefined, stop: () => undefined };

/** Shows a bar on standard error, if that is a terminal and not `quiet`. */
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
