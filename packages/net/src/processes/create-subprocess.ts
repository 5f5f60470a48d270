import type { Awaitable } from '@ringloop/core';
import { startFunction } from '@ringloop/core/internal';
import type { NetLoop } from '../loop-net.js';
import { runningNetLoop } from '../streams/running-net-loop.js';
import { limitOf, type StreamLimit } from '../streams/stream-limit.js';
import type { SystemText } from './c-strings.js';
import { Process } from './process.js';
import type { SubprocessOptions } from './process-spec.js';
import { type Subprocess, subprocessExec, subprocessShell } from './subprocess-exec.js';
import type { SubprocessTransport } from './subprocess-transport.js';
import { SubprocessStreams } from './subprocess-streams.js';

/**
 * Options of `createSubprocessExec()` and `createSubprocessShell()`: those of `subprocessExec()`, and the limit of the readers. As in
 * asyncio, stdin, stdout and stderr are those of this process unless the options say otherwise.
 */
export interface CreateSubprocessOptions extends SubprocessOptions, StreamLimit {}

/**
 * Starts a program, in the running loop. When cancelled, it kills the process, and waits until it has ended. Rejects as
 * `loop.subprocessExec()`, with RangeError or TypeError for a wrong limit, and with LoopStateError ERR_NO_RUNNING_LOOP. Python:
 * asyncio.create_subprocess_exec().
 * @param program looked for in the PATH of the process, unless it has a slash
 * @param args without the program
 */
export function createSubprocessExec(
  program: SystemText,
  args: readonly SystemText[] = [],
  options: CreateSubprocessOptions = {},
): Awaitable<Process> {
  return create('createSubprocessExec', options, (loop, factory, filled) =>
    subprocessExec(loop, factory, program, args, filled),
  );
}

/**
 * Runs a command of the shell, in the running loop. Quote what comes from outside, or better use `createSubprocessExec()`: the shell
 * would run it. Otherwise as `createSubprocessExec()`. Python: asyncio.create_subprocess_shell().
 */
export function createSubprocessShell(
  command: SystemText,
  options: CreateSubprocessOptions = {},
): Awaitable<Process> {
  return create('createSubprocessShell', options, (loop, factory, filled) =>
    subprocessShell(loop, factory, command, filled),
  );
}

type Start = (
  loop: NetLoop,
  factory: () => SubprocessStreams,
  options: SubprocessOptions,
) => Promise<Subprocess<SubprocessStreams>>;

function create(caller: string, options: CreateSubprocessOptions, start: Start): Awaitable<Process> {
  const transports = new WeakMap<Process, SubprocessTransport>();
  return startFunction(
    async () => {
      const loop = runningNetLoop(caller);
      const limit = limitOf(options); // first: it checks the limit
      const { stdin = null, stdout = null, stderr = null } = options;
      const filled = { ...options, stdin, stdout, stderr };
      const [transport, streams] = await start(loop, () => new SubprocessStreams(loop, limit), filled);
      const made = new Process(loop, transport, streams);
      transports.set(made, transport);
      return made;
    },
    { discard: (made) => transports.get(made)?.close() },
  );
}
