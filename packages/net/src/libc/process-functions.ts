import { POINTER_BYTES } from './linux-abi.js';
import { type Address, libc } from './libc.js';
import { loadKoffi } from './load-koffi.js';

/** Functions of the C library for child processes, as it declares them. Those of posix_spawn return the errno, the others -1. */
interface Declared {
  pipe2(fds: Uint8Array, flags: number): number;
  access(path: Uint8Array, mode: number): number;
  waitid(kind: number, id: number, info: Uint8Array, options: number): number;
  kill(pid: number, signal: number): number;
  syscall(number: number, a: number, b: number, c: number, d: number): number;
  posix_spawn(
    pid: Uint8Array,
    path: Uint8Array,
    actions: Uint8Array,
    attributes: Uint8Array,
    argv: Address,
    envp: Address,
  ): number;
  posix_spawn_file_actions_init(actions: Uint8Array): number;
  posix_spawn_file_actions_destroy(actions: Uint8Array): number;
  posix_spawn_file_actions_adddup2(actions: Uint8Array, fd: number, target: number): number;
  posix_spawn_file_actions_addclose(actions: Uint8Array, fd: number): number;
  posix_spawn_file_actions_addopen(
    actions: Uint8Array,
    fd: number,
    path: Uint8Array,
    flags: number,
    mode: number,
  ): number;
  posix_spawnattr_init(attributes: Uint8Array): number;
  posix_spawnattr_setflags(attributes: Uint8Array, flags: number): number;
  posix_spawnattr_setsigdefault(attributes: Uint8Array, signals: Uint8Array): number;
  posix_spawnattr_setsigmask(attributes: Uint8Array, signals: Uint8Array): number;
}

/** Functions that older C libraries have not. */
interface Newer {
  posix_spawn_file_actions_addchdir_np(actions: Uint8Array, path: Uint8Array): number;
  posix_spawn_file_actions_addclosefrom_np(actions: Uint8Array, from: number): number;
}

/** All of them. Null: this C library does not have it. A test can replace one to make it fail. */
export interface ProcessFunctions extends Declared {
  addchdir: Newer['posix_spawn_file_actions_addchdir_np'] | null;
  addclosefrom: Newer['posix_spawn_file_actions_addclosefrom_np'] | null;
  pidfd_open(pid: number): number;
  pidfd_send_signal(pidfd: number, signal: number): number;
}

const DECLARATIONS: Record<keyof Declared, string> = {
  pipe2: 'int pipe2(void *fds, int flags)',
  access: 'int access(void *path, int mode)',
  waitid: 'int waitid(int kind, unsigned int id, void *info, int options)',
  kill: 'int kill(int pid, int signal)',
  syscall: 'intptr_t syscall(intptr_t number, intptr_t a, intptr_t b, intptr_t c, intptr_t d)',
  posix_spawn:
    'int posix_spawn(void *pid, void *path, void *actions, void *attributes, intptr_t argv, intptr_t envp)',
  posix_spawn_file_actions_init: 'int posix_spawn_file_actions_init(void *actions)',
  posix_spawn_file_actions_destroy: 'int posix_spawn_file_actions_destroy(void *actions)',
  posix_spawn_file_actions_adddup2: 'int posix_spawn_file_actions_adddup2(void *actions, int fd, int target)',
  posix_spawn_file_actions_addclose: 'int posix_spawn_file_actions_addclose(void *actions, int fd)',
  posix_spawn_file_actions_addopen:
    'int posix_spawn_file_actions_addopen(void *actions, int fd, void *path, int flags, unsigned int mode)',
  posix_spawnattr_init: 'int posix_spawnattr_init(void *attributes)',
  posix_spawnattr_setflags: 'int posix_spawnattr_setflags(void *attributes, short flags)',
  posix_spawnattr_setsigdefault: 'int posix_spawnattr_setsigdefault(void *attributes, void *signals)',
  posix_spawnattr_setsigmask: 'int posix_spawnattr_setsigmask(void *attributes, void *signals)',
};

const NEWER: Record<keyof Newer, string> = {
  posix_spawn_file_actions_addchdir_np: 'int posix_spawn_file_actions_addchdir_np(void *actions, void *path)',
  posix_spawn_file_actions_addclosefrom_np:
    'int posix_spawn_file_actions_addclosefrom_np(void *actions, int from)',
};

/** Numbers of <asm/unistd.h>, which are the same on every architecture that koffi has a Linux build for: glibc names them late. */
const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;

let loaded: ProcessFunctions | null = null;

/**
 * The functions above, declared at first use: most threads never start a process.
 * @throws {NoEpollError} ERR_NO_EPOLL outside Linux
 * @throws {NativeCallsError} ERR_NATIVE_CALLS_UNAVAILABLE
 */
export function processFunctions(): ProcessFunctions {
  loaded ??= load();
  return loaded;
}

function load(): ProcessFunctions {
  libc(); // first: it says best what is missing
  return loadKoffi((_koffi, library) => {
    const functions = Object.entries(DECLARATIONS).map(([name, text]) => [name, library.func(text)] as const);
    const newer = Object.entries(NEWER).map(
      ([name, text]) => [name, orNull(() => library.func(text))] as const,
    );
    // The tables above declare the functions of the interfaces.
    const declared = Object.fromEntries(functions) as unknown as Declared;
    const optional = Object.fromEntries(newer) as unknown as { [K in keyof Newer]: Newer[K] | null };
    return {
      ...declared,
      addchdir: optional.posix_spawn_file_actions_addchdir_np,
      addclosefrom: optional.posix_spawn_file_actions_addclosefrom_np,
      pidfd_open: (pid) => declared.syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0),
      pidfd_send_signal: (pidfd, signal) => declared.syscall(SYS_PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0),
    };
  });
}

function orNull<T>(find: () => T): T | null {
  try {
    return find();
  } catch {
    return null; // koffi does not find the symbol
  }
}

/** Flag of posix_spawn: the signals of setsigdefault() get their default action. */
export const POSIX_SPAWN_SETSIGDEF = 0x04;
/** Flag of posix_spawn: the signals of setsigmask() are blocked. */
export const POSIX_SPAWN_SETSIGMASK = 0x08;
/** Flag of posix_spawn: the child leads a new session. */
export const POSIX_SPAWN_SETSID = 0x80;
/** Room for each of the opaque structs, of which the largest has 336 bytes. */
export const SPAWN_STRUCT_BYTES = 1024;
/** `sigset_t` in <signal.h>. */
export const SIGNAL_SET_BYTES = 128;

/** access(): may be executed. */
export const X_OK = 1;

/** waitid(): the child of that process id. */
export const P_PID = 1;
/** waitid(): the child of that pidfd. */
export const P_PIDFD = 3;
/** waitid(): do not wait. */
export const WNOHANG = 1;
/** waitid(): children that have ended. */
export const WEXITED = 4;
/** waitid(): leave the child to be waited for again. */
export const WNOWAIT = 0x0100_0000;

/** si_code: the child has exited by itself; others say that a signal has ended it. */
export const CLD_EXITED = 1;
/** `siginfo_t` of a child in <signal.h>: its size, and where it has what, in words. */
export const SIGINFO_BYTES = 128;
export const SI_CODE_WORD = 2;
export const SI_PID_WORD = POINTER_BYTES === 8 ? 4 : 3;
export const SI_STATUS_WORD = POINTER_BYTES === 8 ? 6 : 5;
