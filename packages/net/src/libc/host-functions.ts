import { isMainThread } from 'node:worker_threads';
import type { LibraryHandle } from 'koffi';
import { POINTER_BYTES } from './linux-abi.js';
import type { Koffi } from './load-koffi.js';

/** What we get from Node and libuv through the C functions that the executable exports. */
export interface HostFunctions {
  /** The epoll descriptor in which this thread's libuv loop waits. */
  readonly backendFd: number;
  /** Null in the main thread: when it ends, the process ends and its descriptors are closed. */
  readonly cleanup: CleanupHooks | null;
}

/**
 * Hooks that Node calls when this thread's environment is torn down, whatever ends it. Each of our hooks is the address
 * of close(2) itself, because no JavaScript may run by then. Node aborts when the same hook is added twice. That would
 * happen if a number was closed without our knowledge and then reused. So remove a hook before you add it; removing one
 * that was never added is harmless.
 */
export interface CleanupHooks {
  readonly env: unknown;
  readonly close: unknown;
  add(env: unknown, hook: unknown, fd: number): void;
  remove(env: unknown, hook: unknown, fd: number): void;
}

/** Returns null when the executable does not export them: it is not Node, or an unusual build. */
export function findHostFunctions(koffi: Koffi, library: LibraryHandle): HostFunctions | null {
  const { env } = koffi.node;
  try {
    const loopOf = library.func('int napi_get_uv_event_loop(void *env, void *loop)');
    const backendOf = library.func('int uv_backend_fd(void *loop)');
    const find = library.func('void *dlsym(void *library, const char *name)');
    const add = library.func('int napi_add_env_cleanup_hook(void *env, void *hook, intptr_t argument)');
    const remove = library.func('int napi_remove_env_cleanup_hook(void *env, void *hook, intptr_t argument)');
    const room = Buffer.alloc(POINTER_BYTES);
    if (loopOf(env, room) !== 0) return null;
    // Not uv_default_loop(): in a worker, that is the loop of another thread.
    const loop = POINTER_BYTES === 8 ? nativeUInt64(room) : BigInt(nativeUInt32(room));
    const close: unknown = find(null, 'close');
    if (close === null) return null;
    return { backendFd: Number(backendOf(loop)), cleanup: isMainThread ? null : { env, close, add, remove } };
  } catch {
    return null; // koffi does not find a symbol
  }
}

function nativeUInt64(bytes: Buffer): bigint {
  return new BigUint64Array(Uint8Array.from(bytes).buffer)[0] ?? 0n; // always there: eight bytes
}

function nativeUInt32(bytes: Buffer): number {
  return new Uint32Array(Uint8Array.from(bytes).buffer)[0] ?? 0; // always there: four bytes
}
