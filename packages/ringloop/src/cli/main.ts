// The command behind `npm start`. Never import it: what other threads call is in other modules.
import { run } from '../run.js';
import { digestFiles } from './digest-files.js';
import { CommandError, UsageError } from './errors.js';
import { EXIT_BUG, EXIT_OK, EXIT_USAGE, exitCodeOf } from './exit-code.js';
import { Interruption } from './interruption.js';
import { listFiles } from './list-files.js';
import { type Options, parseOptions, USAGE } from './options.js';
import { startProgress } from './progress.js';
import type { Report } from './report.js';
import { formatReport } from './table.js';

const args = process.argv.slice(2);
try {
  process.exitCode = await main(args);
} catch (thrown) {
  process.exitCode = fail(thrown, { json: args.includes('--json') });
}

async function main(commandLine: readonly string[]): Promise<number> {
  const options = parseOptions(commandLine);
  if (options === null) {
    process.stdout.write(USAGE);
    return EXIT_OK;
  }
  const report = await digest(options);
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : formatReport(report));
  return exitCodeOf(report);
}

async function digest({ dir, limit, json, ...options }: Options): Promise<Report> {
  using interruption = new Interruption();
  const { signal } = interruption;
  const files = await listFiles(dir, { limit, signal });
  const progress = startProgress(files.length, { quiet: json });
  signal.addEventListener('abort', () => {
    progress.stop(); // otherwise the bar would paint over the message
    say('Finishing the files in flight; Ctrl-C again ends at once');
  });
  const onMismatch = (path: string): void => say(`Wrong digest or size: ${path}`);
  try {
    return await run(() =>
      digestFiles(files, { ...options, signal, onMismatch, onFile: (done) => progress.update(done) }),
    );
  } finally {
    progress.stop();
  }
}

function fail(thrown: unknown, { json }: { json: boolean }): number {
  const isExpected = thrown instanceof UsageError || thrown instanceof CommandError;
  if (json) process.stdout.write(`${JSON.stringify({ ok: false, error: messageOf(thrown) })}\n`);
  if (isExpected) say(messageOf(thrown));
  else console.error(thrown);
  if (thrown instanceof UsageError) say(`\n${USAGE}`);
  return isExpected ? EXIT_USAGE : EXIT_BUG;
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
