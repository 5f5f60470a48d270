import { type Libc, libc } from './libc.js';
import { systemError } from './system-error.js';

/** Room for a `struct sigaction`, which takes 152 bytes in glibc and musl, and fewer on 32 bits. */
const SIGACTION_BYTES = 256;

/**
 * What signals do in this process, by sigaction(2). Meant for signals that libuv does not listen for: its own records say
 * otherwise than the kernel after `write()`.
 */
export const signalDispositions = {
  /** What the signal does now, as a `struct sigaction`. Null: there are no native calls here, or they are not wanted. */
  read(signal: number): Uint8Array | null {
    const c = tryLibc();
    if (c === null) return null;
    const disposition = Buffer.alloc(SIGACTION_BYTES);
    if (c.sigaction(signal, null, disposition) < 0) throw systemError('sigaction', c.errno());
    return disposition;
  },

  /**
   * Lets the signal do again what `read()` has found.
   * @throws {SystemError} EINVAL for a signal that cannot be changed
   */
  write(signal: number, disposition: Uint8Array): void {
    const c = libc();
    if (c.sigaction(signal, disposition, null) < 0) throw systemError('sigaction', c.errno());
  },
};

function tryLibc(): Libc | null {
  if (process.env.RINGLOOP_NET === 'libuv') return null;
  try {
    return libc();
  } catch {
    return null; // not Linux, or without koffi
  }
}
