import { InternalError } from '@ringloop/core';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLL_DATA_OFFSET,
  EPOLL_EVENT_BYTES,
} from './linux-abi.js';
import * as sys from './syscalls.js';
import { systemError } from './system-error.js';

/** Events taken at a time; the kernel hands out the rest at the next turn, in rotation. Arbitrary. */
const BATCH = 1024;

/** One epoll descriptor, level-triggered, and the room for its events. */
export class Epoll {
  readonly #events = Buffer.alloc(BATCH * EPOLL_EVENT_BYTES);
  /** The same memory in words of native byte order: mask and descriptor of each event. */
  readonly #words = new Int32Array(this.#events.buffer, this.#events.byteOffset, this.#events.byteLength / 4);
  readonly #event = Buffer.alloc(EPOLL_EVENT_BYTES);
  readonly #eventWords = new Int32Array(this.#event.buffer, this.#event.byteOffset, EPOLL_EVENT_BYTES / 4);
  #fd: number;

  constructor() {
    this.#fd = sys.epollCreate();
    if (this.#fd < 0) throw systemError('epoll_create1', -this.#fd);
  }

  get fd(): number {
    return this.#fd;
  }

  /** Watches `fd` for `mask`; `known` says whether we believe that it is watched already. Returns 0 or -errno. */
  tryWatch(fd: number, mask: number, known: boolean): number {
    const result = this.#control(known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, mask);
    // Its number was closed behind our back and given out again: the kernel has forgotten it, we have not.
    return result === -sys.ENOENT ? this.#control(EPOLL_CTL_ADD, fd, mask) : result;
  }

  /** Takes effect at once, so that `fd` may be closed. One that is closed already needs nothing. */
  unwatch(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, 0);
  }

  /** Calls `visit` for what is ready now; never waits. */
  collect(visit: (fd: number, mask: number) => void): void {
    const count = sys.epollWait(this.#fd, this.#events, BATCH);
    if (count < 0)
      throw new InternalError('Cannot wait for events', { cause: systemError('epoll_wait', -count) });
    for (let at = 0, word = 0; at < count; at++, word += EPOLL_EVENT_BYTES / 4) {
      const mask = this.#words[word];
      const fd = this.#words[word + EPOLL_DATA_OFFSET / 4];
      if (mask !== undefined && fd !== undefined) visit(fd, mask); // always: count is at most BATCH
    }
  }

  close(): void {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd !== -1) sys.close(fd);
  }

  #control(operation: number, fd: number, mask: number): number {
    this.#eventWords[0] = mask;
    this.#eventWords[EPOLL_DATA_OFFSET / 4] = fd;
    return sys.epollCtl(this.#fd, operation, fd, this.#event);
  }
}
