/** System calls for child processes. As those in syscalls.ts they return the result or the negated errno. */
import { libc } from './libc.js';
import { O_CLOEXEC } from './linux-abi.js';
import {
  CLD_EXITED,
  processFunctions,
  SI_CODE_WORD,
  SI_PID_WORD,
  SI_STATUS_WORD,
  SIGINFO_BYTES,
  WEXITED,
  WNOHANG,
  WNOWAIT,
} from './process-functions.js';
import { complete, ECHILD, EINTR, open, openTwo } from './syscalls.js';

/** Opens a pipe: fills `fds` with its reading and its writing end, which wait, are closed by exec() and when the thread ends. */
export function pipe(fds: Int32Array): number {
  const f = processFunctions();
  return openTwo(fds, (_c, bytes) => f.pipe2(bytes, O_CLOEXEC));
}

/** A descriptor that can be read once the process has ended. It is closed by exec(). */
export function pidfdOpen(pid: number): number {
  const f = processFunctions();
  return open(() => f.pidfd_open(pid));
}

/** -ESRCH when the process was waited for. */
export function pidfdSendSignal(pidfd: number, signal: number): number {
  const f = processFunctions();
  return complete(() => f.pidfd_send_signal(pidfd, signal));
}

export function kill(pid: number, signal: number): number {
  const f = processFunctions();
  return complete(() => f.kill(pid, signal));
}

/** Whether this process may execute the file; its path ends with a zero byte. */
export function access(path: Uint8Array, mode: number): number {
  const f = processFunctions();
  return complete(() => f.access(path, mode));
}

const info = new Int32Array(SIGINFO_BYTES / 4);
const infoBytes = new Uint8Array(info.buffer);

/** Which child waitid() looks at: P_PID with a process id, or P_PIDFD with a pidfd. */
export interface ChildId {
  readonly kind: number;
  readonly id: number;
}

/** Where to clear a word as soon as a child was waited for: see child-ledger.ts. */
export interface Word {
  readonly words: Int32Array;
  readonly at: number;
}

/**
 * Takes the child's return code from the system: its exit code, or the negated number of the signal that has ended it. 'gone':
 * somebody else has taken it.
 */
export function reap({ kind, id }: ChildId, noted: Word | null): number | 'running' | 'gone' {
  const c = libc();
  const f = processFunctions();
  info[SI_PID_WORD] = 0;
  while (f.waitid(kind, id, infoBytes, WEXITED | WNOHANG) !== 0) {
    if (c.errno() !== EINTR) return 'gone'; // ECHILD: no such child
  }
  if (info[SI_PID_WORD] === 0) return 'running';
  if (noted !== null) noted.words[noted.at] = 0; // by no function: the thread may be terminated where one begins
  const status = info[SI_STATUS_WORD] ?? 0; // always there
  return info[SI_CODE_WORD] === CLD_EXITED ? status : -status;
}

/** What `reap()` would say; the code stays with the system. */
export function peek({ kind, id }: ChildId): 'ended' | 'running' | 'gone' {
  info[SI_PID_WORD] = 0;
  const f = processFunctions();
  const result = complete(() => f.waitid(kind, id, infoBytes, WEXITED | WNOHANG | WNOWAIT));
  if (result < 0) return result === -ECHILD ? 'gone' : 'running'; // or the kernel does not know pidfds here
  return info[SI_PID_WORD] === 0 ? 'running' : 'ended';
}

/** Waits until the child has ended, which is soon: it was killed. */
export function reapKilled({ kind, id }: ChildId): void {
  const f = processFunctions();
  complete(() => f.waitid(kind, id, infoBytes, WEXITED));
}
