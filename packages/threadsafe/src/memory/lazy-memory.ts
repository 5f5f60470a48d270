/**
 * Shared memory whose pages take room when they are first written, and are given back when the last thread has let go of it. A
 * SharedArrayBuffer of fixed size comes from the C library instead, which clears used memory again, page by page, and keeps what is
 * freed: 4 MiB cost 140 µs and more then, rather than 20. V8 reserves one that may grow as the system's own pages.
 */
export function allocateLazily(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(bytes, { maxByteLength: bytes });
}
