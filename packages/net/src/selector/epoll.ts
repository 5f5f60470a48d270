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

/** Most events taken at a time. The kernel hands out the rest at the next call, in rotation. Arbitrary. */
const BATCH = 1024;
const DATA = EPOLL_DATA_OFFSET / 4;

/**
 * One level-triggered epoll descriptor, and the memory for its events. Each registration carries a tag beside the
 * descriptor's number. Numbers are reused, and the kernel may still report the file that had the number before.
 */
export class Epoll {
  readonly #events = Buffer.alloc(BATCH * EPOLL_EVENT_BYTES);
  /** The same memory in words of native byte order: mask, descriptor and tag of each event. */
  readonly #words = new Int32Array(this.#events.buffer, this.#events.byteOffset, this.#events.byteLength / 4);
  readonly #event = Buffer.alloc(EPOLL_EVENT_BYTES);
  readonly #eventWords = new Int32Array(this.#event.buffer, this.#event.byteOffset, EPOLL_EVENT_BYTES / 4);
  /** How many events `report()` has found; null when the kernel must be asked. */
  #found: number | null = null;
  #fd: number;

  constructor() {
    this.#fd = sys.epollCreate();
    if (this.#fd < 0) throw systemError('epoll_create1', -this.#fd);
  }

  get fd(): number {
    return this.#fd;
  }

  /** Returns 0 or -errno, as do the next two methods: -EEXIST when `fd` is watched already. */
  tryAdd(fd: number, mask: number, tag: number): number {
    return this.#control(EPOLL_CTL_ADD, fd, mask, tag);
  }

  /** -ENOENT when `fd` was never added, or when its number now belongs to another file. */
  tryModify(fd: number, mask: number, tag: number): number {
    return this.#control(EPOLL_CTL_MOD, fd, mask, tag);
  }

  /** Takes effect at once: `fd` may be closed right afterwards. */
  tryRemove(fd: number): number {
    return this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /**
   * Calls `onEvents` when there are events. `collect()`, called in there, visits the events that were found, unless a
   * registration has changed meanwhile. They are forgotten afterwards, because they may be out of date by then.
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

  /** Calls `visit` for each descriptor that is ready now; never waits. */
  collect(visit: (fd: number, mask: number, tag: number) => void): void {
    const count = this.#found ?? this.#wait();
    this.#found = null;
    for (let at = 0, word = 0; at < count; at++, word += EPOLL_EVENT_BYTES / 4) {
      const mask = this.#words[word];
      const fd = this.#words[word + DATA];
      const tag = this.#words[word + DATA + 1];
      if (mask !== undefined && fd !== undefined && tag !== undefined) visit(fd, mask, tag); // always: count <= BATCH
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
