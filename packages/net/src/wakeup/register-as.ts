import type { Wakeup } from './libuv-wakeup.js';
import { EPOLL_DATA_OFFSET, EPOLL_EVENT_BYTES } from '../libc/linux-abi.js';
import * as sys from '../libc/syscalls.js';

const event = Buffer.alloc(EPOLL_EVENT_BYTES);
const words = new Int32Array(event.buffer, event.byteOffset, EPOLL_EVENT_BYTES / 4);

/**
 * Adds a descriptor to libuv's own epoll, or removes it, under the number for which libuv only wakes up. Returns 0 or
 * -errno.
 */
export function registerAs({ epollFd, alias }: Wakeup, operation: number, fd: number, mask: number): number {
  words[0] = mask;
  words[EPOLL_DATA_OFFSET / 4] = alias;
  return sys.epollCtl(epollFd, operation, fd, event);
}
