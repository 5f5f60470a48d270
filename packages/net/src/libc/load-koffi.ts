import { createRequire } from 'node:module';
import type koffi from 'koffi';
import type { LibraryHandle } from 'koffi';
import { NativeCallsError, NoEpollError } from '../errors.js';
import { whileLoadingKoffi } from './koffi-loading.js';

export type Koffi = typeof koffi;

/** Flags of dlopen() in <dlfcn.h>: bind lazily, succeed only if the library is loaded already, never unload it. */
const RTLD_LAZY = 0x1;
const RTLD_NOLOAD = 0x4;
const RTLD_NODELETE = 0x1000;

// Required, not imported: without its binary, koffi throws at import, and importing ringloop would throw, too.
const require = createRequire(import.meta.url);
let pinned = false;

/**
 * Loads koffi into this thread, and calls `define` to declare functions for symbols that the process already contains,
 * which works with glibc and musl. No termination may interrupt the loading of koffi or the declaring of functions, so
 * both happen in here.
 * @throws {NoEpollError} ERR_NO_EPOLL outside Linux
 * @throws {NativeCallsError} ERR_NATIVE_CALLS_UNAVAILABLE
 */
export function loadKoffi<T>(define: (koffi: Koffi, library: LibraryHandle) => T): T {
  if (process.platform !== 'linux') {
    throw new NoEpollError(
      `Cannot work on descriptors on ${process.platform}: that needs epoll, which only Linux has. ` +
        'Use createConnection(), createServer() or createDatagramEndpoint()',
    );
  }
  return whileLoadingKoffi(() => {
    const loaded = requireKoffi();
    const library = loaded.load(null);
    if (!pinned) pin(library);
    pinned = true;
    return define(loaded, library);
  });
}

function requireKoffi(): Koffi {
  try {
    return require('koffi') as Koffi; // what its index.d.ts declares
  } catch (cause) {
    const { platform, arch } = process;
    if ((cause as { code?: unknown } | null)?.code === 'ERR_DLOPEN_DISABLED') {
      const message =
        'Cannot call the C library: this process may not load addons. ' +
        'Start Node with --allow-addons where it has --permission, and without --no-addons';
      throw new NativeCallsError(message, { cause });
    }
    const message =
      `Cannot call the C library: koffi, or its binary for ${platform}-${arch}, is missing or does not load. ` +
      `Install "koffi" with its optional dependencies ("@koromix/koffi-${platform}-${arch}"), and keep it out of bundles. ` +
      'Without it there are createConnection(), createServer() and createDatagramEndpoint()';
    throw new NativeCallsError(message, { cause });
  }
}

/**
 * Keeps koffi in memory until the process ends. Node unmaps an addon when the last thread that has loaded it ends, but
 * libuv and V8 may still hold addresses in it. The next thread also finds a pinned koffi at once. A module loader that
 * hides the path (jest) leaves koffi unpinned: nothing of ours depends on the pin.
 */
function pin(library: LibraryHandle): void {
  const dlopen = library.func('void *dlopen(const char *path, int flags)');
  for (const path of Object.keys(require.cache)) {
    if (path.endsWith('koffi.node')) dlopen(path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  }
}
