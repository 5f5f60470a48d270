import { type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

/** Why a test with this program is skipped, or null when the program is there. */
export function missing(program: string): string | null {
  const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' });
  return error === undefined ? null : `no ${program} on this machine`;
}

/** A title, with the reason if the test is going to be skipped. */
export function titled(title: string, reason: string | null): string {
  return reason === null ? title : `${title} (skipped: ${reason})`;
}

/** Runs a program until it ends, and returns what it has written to standard output. */
export async function output(program: string, args: readonly string[], input = ''): Promise<string> {
  const running = promisify(execFile)(program, [...args], { timeout: 20_000 });
  running.child.stdin?.end(input);
  return (await running).stdout;
}

/** socat as a server that is told where to listen by the system, and that has begun to listen. */
export async function socatServer(
  listen: string,
  then: string,
): Promise<{ process: ChildProcessWithoutNullStreams; port: number }> {
  const started = spawn('socat', ['-d', '-d', listen, then]);
  let log = '';
  for await (const chunk of started.stderr) {
    log += String(chunk);
    const [, port] = /listening on .*?(?::(\d+))?$/m.exec(log) ?? [null];
    if (log.includes('listening on') && log.includes('\n'))
      return { process: started, port: Number(port ?? 0) };
  }
  await once(started, 'exit');
  throw new Error(`socat does not listen: ${log}`);
}
