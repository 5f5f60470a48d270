import { InternalError } from '@ringloop/core';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLL_DATA_OFFSET,
  EPOLL_EVENT_BYTES,
} from '../libc/linux-abi.js';
import * as sys from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';

/** Events taken at a time; the kernel hands out the rest at the next turn, in rotation. Arbitrary. */
const BATCH = 1024;
const DATA = EPOLL_DATA_OFFSET / 4;

/**
 * One epoll descriptor, level-triggered, and the room for its events. Each registration carries a tag beside its number: numbers
 * are given out again, and the kernel may still report what had one before.
 */
export class Epoll {
  readonly #events = Buffer.alloc(BATCH * EPOLL_EVENT_BYTES);
  /** The same memory in words of native byte order: mask, descriptor and tag of each event. */
  readonly #words = new Int32Array(this.#events.buffer, this.#events.byteOffset, this.#events.byteLength / 4);
  readonly #event = Buffer.alloc(EPOLL_EVENT_BYTES);
  readonly #eventWords = new Int32Array(this.#event.buffer, this.#event.byteOffset, EPOLL_EVENT_BYTES / 4);
  /** How many events `report()` has found; null when it has to be asked. */
  #found: number | null = null;
  #fd: number;

  constructor() {
    this.#fd = sys.epollCreate();
    if (this.#fd < 0) throw systemError('epoll_create1', -this.#fd);
  }

  get fd(): number {
    return this.#fd;
  }

  /** Returns 0 or -errno, as the next two: -EEXIST when it is watched already. */
  tryAdd(fd: number, mask: number, tag: number): number {
    return this.#control(EPOLL_CTL_ADD, fd, mask, tag);
  }

  /** -ENOENT when the number stands for another file than the one that was added, or the kernel has never heard of it. */
  tryModify(fd: number, mask: number, tag: number): number {
    return this.#control(EPOLL_CTL_MOD, fd, mask, tag);
  }

  /** Takes effect at once, so that `fd` may be closed. */
  tryRemove(fd: number): number {
    return this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /**
   * Calls `onEvents` when there is an event. What it found is what `collect()` visits from in there, unless the registrations
   * change in between; later on it may not be true any more.
   */
  report(onEvents: () => void): void {
    const count = this.#wait();
    if (count === 0) return;
    this.#found = count;
    try {
      onEvents();
    } finally {
      this.#found = null;
    }
  }

  /** Calls `visit` for what is ready now; never waits. */
  collect(visit: (fd: number, mask: number, tag: number) => void): void {
    const count = this.#found ?? this.#wait();
    this.#found = null;
    for (let at = 0, word = 0; at < count; at++, word += EPOLL_EVENT_BYTES / 4) {
      const mask = this.#words[word];
      const fd = this.#words[word + DATA];
      const tag = this.#words[word + DATA + 1];
      if (mask !== undefined && fd !== undefined && tag !== undefined) visit(fd, mask, tag); // always: count is at most BATCH
    }
  }

  close(): void {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd !== -1) sys.close(fd);
  }

  #wait(): number {
    const count = sys.epollWait(this.#fd, this.#events, BATCH);
    if (count < 0)
      throw new InternalError('Cannot wait for events', { cause: systemError('epoll_wait', -count) });
    return count;
  }

  #control(operation: number, fd: number, mask: number, tag: number): number {
    this.#found = null;
    this.#eventWords[0] = mask;
    this.#eventWords[DATA] = fd;
    this.#eventWords[DATA + 1] = tag;
    return sys.epollCtl(this.#fd, operation, fd, this.#event);
  }
}
