import type { Handle } from '@ringloop/core';

export type Direction = 'reader' | 'writer';

/** Knows which handle to run when a socket can be read or written. */
export interface LoopSelector {
  /** The epoll descriptor; -1 where there is none. */
  readonly fd: number;
  /** Whether anything is watched. */
  readonly watching: boolean;
  /** Runs `handle` once in each iteration in which `fd` is ready. Cancels the previous handle and replaces it. */
  watch(fd: number, direction: Direction, handle: Handle): void;
  /** Returns false when no handle waited. When this returns, a handle that is already queued does not run. */
  unwatch(fd: number, direction: Direction): boolean;
  /** The handles that wait, with their descriptors. */
  watched(): Iterable<readonly [fd: number, direction: Direction, handle: Handle]>;
  /** Passes the handles of all that is ready to `queue`, and runs none of them. */
  collect(queue: (handle: Handle) => void): void;
  close(): void;
}
