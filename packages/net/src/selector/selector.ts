import type { Handle } from '@ringloop/core';
import type { Polled } from './epoll-poll.js';
import { Epoll } from './epoll.js';
import type { Direction, LoopSelector } from './loop-selector.js';
import { EPOLLIN, EPOLLOUT } from '../libc/linux-abi.js';
import { EBADF, EEXIST, ENOENT } from '../libc/syscalls.js';
import { isSystemError, systemError } from '../libc/system-error.js';

/** The handles that wait for one descriptor, and the tag of its registration. */
interface Watch {
  reader: Handle | null;
  writer: Handle | null;
  readonly tag: number;
}

/**
 * Knows which handle to run when a descriptor can be read or written. Python: selectors.EpollSelector and what the loop
 * adds to it.
 *
 * A descriptor may be closed without our knowledge, and its number reused. Our records are then wrong, and only the
 * kernel knows better. So each change goes to the kernel, whatever our records say, and the kernel's answer decides.
 */
export class Selector implements LoopSelector, Polled {
  /** Called when the epoll descriptor has been replaced. */
  readonly #onReplaced: () => void;
  readonly #watches = new Map<number, Watch>();
  #epoll: Epoll | null;
  #lastTag = 0;
  /**
   * The kernel may report a file that we can no longer remove: its descriptor was closed, but a duplicate keeps it
   * open.
   */
  #haunted = false;

  constructor(onReplaced: () => void = () => undefined) {
    this.#onReplaced = onReplaced;
    this.#epoll = new Epoll();
  }

  /** Whether any descriptor is watched. */
  get watching(): boolean {
    return this.#watches.size > 0;
  }

  /** The epoll descriptor, which is readable while there are events to collect. -1 while there is none. */
  get fd(): number {
    return this.#epoll?.fd ?? -1;
  }

  /** Calls `onEvents` when there is something to collect. */
  report(onEvents: () => void): void {
    if (this.#mayHaveEvents) this.#epoll?.report(onEvents);
  }

  /**
   * Runs `handle` once in each iteration in which `fd` is ready. Cancels the previous handle and replaces it.
   * @throws {SystemError} EBADF, EPERM for a regular file; nothing has changed then
   * @throws {NativeCallsError} ERR_NATIVE_CALLS_UNAVAILABLE
   */
  watch(fd: number, direction: Direction, handle: Handle): void {
    const epoll = this.#opened();
    const before = this.#watches.get(fd);
    if (before !== undefined) {
      const result = epoll.tryModify(fd, maskOf({ ...before, [direction]: handle }), before.tag);
      if (result === 0) {
        before[direction]?.cancel(); // it may be in the ready queue already
        before[direction] = handle;
        return;
      }
      if (result !== -ENOENT) throw systemError('epoll_ctl', -result);
    }
    const after: Watch = { reader: null, writer: null, tag: this.#newTag(), [direction]: handle };
    let result = epoll.tryAdd(fd, maskOf(after), after.tag);
    // The kernel still has it: it was closed, and the same file has come back under the same number.
    if (result === -EEXIST) result = epoll.tryModify(fd, maskOf(after), after.tag);
    if (result < 0) throw systemError('epoll_ctl', -result);
    this.#watches.set(fd, after);
    if (before === undefined) return;
    // The previous handles waited for a file that is gone.
    before.reader?.cancel();
    before.writer?.cancel();
    this.#haunted = true;
  }

  /**
   * Returns false when no handle waited. When this returns, the kernel has been told, and a handle that is already
   * queued does not run.
   */
  unwatch(fd: number, direction: Direction): boolean {
    const watch = this.#watches.get(fd);
    const handle = watch?.[direction];
    if (watch === undefined || handle == null) return false;
    handle.cancel();
    watch[direction] = null;
    const isLast = watch.reader === null && watch.writer === null;
    if (isLast) this.#watches.delete(fd);
    const result = isLast ? this.#epoll?.tryRemove(fd) : this.#epoll?.tryModify(fd, maskOf(watch), watch.tag);
    if (result !== 0) this.#haunted = true; // it was closed before: another file may have the number now
    return true;
  }

  *watched(): Generator<readonly [fd: number, direction: Direction, handle: Handle]> {
    for (const [fd, { reader, writer }] of this.#watches) {
      if (reader !== null) yield [fd, 'reader', reader];
      if (writer !== null) yield [fd, 'writer', writer];
    }
  }

  /**
   * Passes the handles of all ready descriptors to `queue`. Runs none of them, so no descriptor can change meanwhile.
   */
  collect(queue: (handle: Handle) => void): void {
    if (!this.#mayHaveEvents) return;
    let ghosts = 0;
    this.#epoll?.collect((fd, mask, tag) => {
      const watch = this.#watches.get(fd);
      if (watch?.tag !== tag) {
        ghosts++;
        return;
      }
      // Errors and hang-ups concern both handles: they find out by reading or writing.
      if (watch.reader !== null && (mask & ~EPOLLOUT) !== 0) queue(watch.reader);
      if (watch.writer !== null && (mask & ~EPOLLIN) !== 0) queue(watch.writer);
    });
    if (ghosts > 0) this.#replace();
  }

  close(): void {
    this.#watches.clear();
    this.#haunted = false;
    this.#epoll?.close();
    this.#epoll = null;
  }

  /** Saves a loop without descriptors one system call in each iteration. */
  get #mayHaveEvents(): boolean {
    return this.#watches.size > 0 || this.#haunted;
  }

  /**
   * Replaces the epoll. A registration that cannot be removed would be reported forever and keep the thread busy; only
   * a new epoll is free of it.
   */
  #replace(): void {
    const [before, after] = [this.#epoll, tryOpen()];
    if (after === null) return; // no descriptor is left: the thread stays busy until there is one
    this.#epoll = after;
    for (const [fd, watch] of this.#watches) {
      // Only the old epoll knows whether the number still is the file that was watched. Of another file, which nobody has asked us
      // to watch, its handles must not hear; if the number is watched anew, watch() registers it.
      if (before?.tryModify(fd, maskOf(watch), watch.tag) === 0) after.tryAdd(fd, maskOf(watch), watch.tag);
    }
    this.#haunted = false;
    this.#onReplaced(); // before the old one is closed: its number must still be ours
    before?.close();
  }

  #opened(): Epoll {
    if (this.#epoll === null) throw systemError('epoll_ctl', EBADF); // the loop is closed
    return this.#epoll;
  }

  /** Wraps at 2³¹. No registration of the same tag is left by then. */
  #newTag(): number {
    this.#lastTag = (this.#lastTag + 1) | 0;
    return this.#lastTag;
  }
}

/** Null: the system refuses. */
function tryOpen(): Epoll | null {
  try {
    return new Epoll();
  } catch (thrown) {
    if (isSystemError(thrown)) return null;
    throw thrown;
  }
}

function maskOf(watch: Watch): number {
  return (watch.reader === null ? 0 : EPOLLIN) | (watch.writer === null ? 0 : EPOLLOUT);
}
