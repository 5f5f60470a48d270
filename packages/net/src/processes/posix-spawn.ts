/**
 * Starts a child with posix_spawn(3), which does not copy the memory of this process as fork(2) does: it takes as long in a large
 * process as in a small one. The child gets default actions for all signals (Node ignores SIGPIPE, and that would be inherited), none
 * of them blocked, and no descriptor but its three.
 */
import { readdirSync } from 'node:fs';
import { libc } from '../libc/libc.js';
import { F_GETFD, FD_CLOEXEC, O_RDWR } from '../libc/linux-abi.js';
import { systemError } from '../libc/system-error.js';
import type { Word } from '../libc/process-calls.js';
import {
  POSIX_SPAWN_SETSID,
  POSIX_SPAWN_SETSIGDEF,
  POSIX_SPAWN_SETSIGMASK,
  type ProcessFunctions,
  processFunctions,
  SIGNAL_SET_BYTES,
  SPAWN_STRUCT_BYTES,
} from '../libc/process-functions.js';
import { cString, type CStrings } from './c-strings.js';

/**
 * What becomes a standard descriptor of the child: a descriptor of ours from 3 on; the one of the same number; none, because we have
 * none; the null device; or, for stderr, what its stdout is.
 */
export type ChildDescriptor = number | 'inherited' | 'closed' | 'null device' | 'stdout';

/** What a child is made of, in memory that the system can read. */
export interface SpawnRequest {
  readonly argv: CStrings;
  readonly envp: CStrings;
  /** For its descriptors 0, 1 and 2. */
  readonly stdio: readonly ChildDescriptor[];
  readonly cwd: Buffer | null;
  readonly startNewSession: boolean;
}

const NULL_DEVICE = cString('/dev/null');

/** Whether this C library can change the child's directory. */
export function canChangeDirectory(): boolean {
  return processFunctions().addchdir !== null;
}

const pid = new Int32Array(1);
const pidBytes = new Uint8Array(pid.buffer);

/**
 * The actions for the child before it runs the program. The same for several tries: free them with `freeActions()`.
 * @throws {SystemError} ENOMEM
 */
export function makeActions(request: SpawnRequest): Buffer {
  const f = processFunctions();
  const actions = Buffer.alloc(SPAWN_STRUCT_BYTES);
  check(f.posix_spawn_file_actions_init(actions), 'posix_spawn_file_actions_init');
  try {
    fill(f, actions, request);
  } catch (thrown) {
    freeActions(actions);
    throw thrown;
  }
  return actions;
}

function fill(f: ProcessFunctions, actions: Buffer, { stdio, cwd }: SpawnRequest): void {
  stdio.forEach((source, target) => {
    check(
      addSource(f, actions, source === 'stdout' ? ofStdout(stdio) : source, target),
      'posix_spawn_file_actions_adddup2',
    );
  });
  if (cwd !== null) check(f.addchdir?.(actions, cwd) ?? 0, 'posix_spawn_file_actions_addchdir_np');
  closeOthers(f, actions);
}

/** These functions return the errno. An action that is missing would start the child with the wrong files. */
function check(errno: number, syscall: string): void {
  if (errno !== 0) throw systemError(syscall, errno);
}

/** By then, stdout is set. */
function ofStdout(stdio: SpawnRequest['stdio']): ChildDescriptor {
  return stdio[1] === 'closed' ? 'closed' : 1;
}

function addSource(f: ProcessFunctions, actions: Buffer, source: ChildDescriptor, target: number): number {
  if (source === 'closed' || source === 'stdout') return 0;
  if (source === 'null device')
    return f.posix_spawn_file_actions_addopen(actions, target, NULL_DEVICE, O_RDWR, 0);
  // One that stays where it is, is kept open by that.
  return f.posix_spawn_file_actions_adddup2(actions, source === 'inherited' ? target : source, target);
}

export function freeActions(actions: Buffer): void {
  processFunctions().posix_spawn_file_actions_destroy(actions);
}

/**
 * Returns the process id, or the negated errno.
 * @param path the file of the program, with a zero byte at its end
 * @param noted where to write the process id, so that it is known even if this thread ends now
 */
export function posixSpawn(
  path: Buffer,
  actions: Buffer,
  { argv, envp, startNewSession }: SpawnRequest,
  noted: Word | null,
): number {
  const f = processFunctions();
  const attributes = attributesOf(f, startNewSession);
  const errno = f.posix_spawn(pidBytes, path, actions, attributes, argv.address, envp.address);
  if (errno !== 0) return -errno;
  const made = pid[0] ?? 0; // always there
  if (noted !== null) noted.words[noted.at] = made; // by no function: the thread may be terminated where one begins
  return made;
}

const kept: { plain: Buffer | null; session: Buffer | null } = { plain: null, session: null };

function attributesOf(f: ProcessFunctions, startNewSession: boolean): Buffer {
  const key = startNewSession ? 'session' : 'plain';
  return (kept[key] ??= makeAttributes(f, startNewSession ? POSIX_SPAWN_SETSID : 0));
}

function makeAttributes(f: ProcessFunctions, flags: number): Buffer {
  const attributes = Buffer.alloc(SPAWN_STRUCT_BYTES);
  f.posix_spawnattr_init(attributes);
  f.posix_spawnattr_setflags(attributes, flags | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  f.posix_spawnattr_setsigdefault(attributes, Buffer.alloc(SIGNAL_SET_BYTES, 0xff));
  f.posix_spawnattr_setsigmask(attributes, Buffer.alloc(SIGNAL_SET_BYTES));
  return attributes;
}

const STANDARD = 2;

/** Other code, and Node itself, opens files that exec() does not close. */
function closeOthers(f: ProcessFunctions, actions: Buffer): void {
  if (f.addclosefrom !== null) {
    check(f.addclosefrom(actions, STANDARD + 1), 'posix_spawn_file_actions_addclosefrom_np');
    return;
  }
  // The best that can be had: what other threads open from now on is missing.
  for (const fd of openDescriptors()) {
    if (fd > STANDARD && isInherited(fd))
      check(f.posix_spawn_file_actions_addclose(actions, fd), 'posix_spawn_file_actions_addclose');
  }
}

function openDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    return []; // there is no /proc
  }
}

function isInherited(fd: number): boolean {
  const flags = libc().fcntl(fd, F_GETFD, 0);
  return flags >= 0 && (flags & FD_CLOEXEC) === 0;
}
