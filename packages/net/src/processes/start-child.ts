import { access, kill, pidfdOpen, pidfdSendSignal, peek, reapKilled } from '../libc/process-calls.js';
import { P_PID, P_PIDFD, X_OK } from '../libc/process-functions.js';
import * as sys from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import { NET, type NetLoop } from '../loop-net.js';
import { CStrings, cString } from './c-strings.js';
import type { StartedChild } from './child.js';
import { noteChild } from './child-ledger.js';
import { ChildStdio } from './child-stdio.js';
import { tryPrograms } from './find-program.js';
import { PidfdChild } from './pidfd-child.js';
import {
  canChangeDirectory,
  freeActions,
  makeActions,
  posixSpawn,
  type SpawnRequest,
} from './posix-spawn.js';
import type { ProcessSpec } from './process-spec.js';
import { SIGKILL } from './signal-of.js';
import { spawnFailed } from './spawn-failed.js';
import { startNodeChild } from './start-node-child.js';

/**
 * Starts a process: by posix_spawn() where it can do what is asked for, and the kernel has pidfds; otherwise by node:child_process.
 * @throws {SpawnError} such as ENOENT, EACCES, E2BIG
 * @throws {SystemError} such as EMFILE; nothing stays open, and no process runs
 */
export function startChild(loop: NetLoop, spec: ProcessSpec): StartedChild | Promise<StartedChild> {
  if (loop[NET].handles !== null || spec.uid !== null || spec.gid !== null || !hasPidfd())
    return startNodeChild(loop, spec);
  return spec.cwd === null || canChangeDirectory() ? spawn(loop, spec) : startNodeChild(loop, spec);
}

function spawn(loop: NetLoop, spec: ProcessSpec): StartedChild {
  const stdio = new ChildStdio(spec.stdio);
  try {
    const child = startWith(loop, spec, stdio);
    stdio.started();
    return { child, ends: stdio.ends };
  } catch (thrown) {
    stdio.failed();
    throw thrown;
  }
}

function startWith(loop: NetLoop, spec: ProcessSpec, stdio: ChildStdio): PidfdChild {
  const { program, args, env, cwd, startNewSession } = spec;
  const request: SpawnRequest = {
    argv: new CStrings([program, ...args]),
    envp: new CStrings(env.lines),
    stdio: stdio.sources,
    cwd: cwd === null ? null : cString(cwd),
    startNewSession,
  };
  const actions = makeActions(request);
  const entry = noteChild();
  const pid = tryPrograms({ program, path: env.path, cwd }, (file, seenFromHere) => {
    const looked = access(seenFromHere, X_OK); // it costs a hundredth of a child that cannot run the file
    return looked < 0 ? looked : posixSpawn(file, actions, request, entry);
  });
  freeActions(actions);
  if (pid < 0) {
    entry?.release();
    throw spawnFailed(-pid, spec);
  }
  const pidfd = pidfdOpen(pid);
  if (pidfd >= 0) return new PidfdChild(loop, pid, pidfd, entry);
  kill(pid, SIGKILL); // nobody would hear of its end
  reapKilled({ kind: P_PID, id: pid });
  entry?.release();
  throw systemError('pidfd_open', -pidfd);
}

let found: boolean | null = null;

/** Whether this kernel can watch, signal and wait for children by descriptors: since Linux 5.4, unless it is forbidden here. */
function hasPidfd(): boolean {
  return (found ??= tryPidfd());
}

function tryPidfd(): boolean {
  const pidfd = pidfdOpen(process.pid);
  if (pidfd < 0) return false;
  const mayWait = peek({ kind: P_PIDFD, id: pidfd }) === 'gone'; // the right answer: we are no child of ours
  const maySignal = pidfdSendSignal(pidfd, 0) === 0;
  sys.close(pidfd);
  return mayWait && maySignal;
}
