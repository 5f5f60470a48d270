import type { Handle } from '@ringloop/core';
import { Epoll } from './epoll.js';
import { EPOLLIN, EPOLLOUT } from './linux-abi.js';
import { systemError } from './system-error.js';

export type Direction = 'reader' | 'writer';

/** Who waits for one descriptor. */
type Watch = Record<Direction, Handle | null>;

/** Which handle to run when a descriptor can be read or written. Python: selectors.EpollSelector and what the loop adds to it. */
export class Selector {
  readonly #epoll = new Epoll();
  readonly #watches = new Map<number, Watch>();

  /** The epoll descriptor: readable while an event is to be collected. */
  /** Whether any descriptor is watched. */
  get watching(): boolean {
    return this.#watches.size > 0;
  }

  get fd(): number {
    return this.#epoll.fd;
  }

  /**
   * Runs `handle` once each iteration in which `fd` is ready; replaces the handle that was there and cancels it.
   * @throws {SystemError} EBADF, EPERM for a regular file; nothing has changed then
   */
  watch(fd: number, direction: Direction, handle: Handle): void {
    const before = this.#watches.get(fd);
    if (before?.[direction] == null) {
      const after = { reader: before?.reader ?? null, writer: before?.writer ?? null, [direction]: handle };
      const result = this.#epoll.tryWatch(fd, maskOf(after), before !== undefined);
      if (result < 0) throw systemError('epoll_ctl', -result);
      this.#watches.set(fd, after);
      return;
    }
    before[direction].cancel(); // it may stand in the ready queue
    before[direction] = handle;
  }

  /** False when nobody waited. The kernel knows when this returns, and a handle that is already queued does not run. */
  unwatch(fd: number, direction: Direction): boolean {
    const watch = this.#watches.get(fd);
    const handle = watch?.[direction];
    if (watch === undefined || handle == null) return false;
    handle.cancel();
    watch[direction] = null;
    if (watch.reader === null && watch.writer === null) {
      this.#watches.delete(fd);
      this.#epoll.unwatch(fd);
    } else {
      this.#epoll.tryWatch(fd, maskOf(watch), true); // fails for a descriptor that is closed: nobody to tell
    }
    return true;
  }

  /** Hands over the handles of all that is ready now. Runs nothing, so no descriptor can change in between. */
  collect(queue: (handle: Handle) => void): void {
    if (this.#watches.size === 0) return; // spares a loop without descriptors a system call each iteration
    this.#epoll.collect((fd, mask) => {
      const watch = this.#watches.get(fd);
      if (watch === undefined) return;
      // Errors and hang-ups concern both: whoever waits finds them out by trying.
      if (watch.reader !== null && (mask & ~EPOLLOUT) !== 0) queue(watch.reader);
      if (watch.writer !== null && (mask & ~EPOLLIN) !== 0) queue(watch.writer);
    });
  }

  close(): void {
    this.#watches.clear();
    this.#epoll.close();
  }
}

function maskOf(watch: Watch): number {
  return (watch.reader === null ? 0 : EPOLLIN) | (watch.writer === null ? 0 : EPOLLOUT);
}
