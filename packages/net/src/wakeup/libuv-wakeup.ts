/**
 * Finds where to register one of our epoll descriptors so that its events wake this thread's libuv loop, and do nothing
 * else.
 *
 * libuv waits in an epoll of its own. It registers each file there with the file's descriptor number, and looks up the
 * handler of an event by that number alone. One of these files is the eventfd by which other threads wake the loop
 * (uv_async_send): its handler empties it and checks which senders have something to say. It is normal that none has.
 * So we register our epoll in libuv's epoll *under the number of that eventfd*, and our events wake the loop as a
 * thread would. Only kernel objects take part: no handle, no memory, and no callback that could enter JavaScript in a
 * thread that is being ended. When the thread is gone, the kernel has dropped the registration.
 *
 * This relies on three facts. Each is tested before it is used:
 *   1. The executable exports napi_get_uv_event_loop() and uv_backend_fd(): host-functions.ts.
 *   2. The registrations in libuv's epoll carry the number of the file: /proc/self/fdinfo shows it.
 *   3. One of them is the eventfd by which other threads wake us: its counter rises when a MessagePort of this thread
 *      gets a message.
 */
import fs from 'node:fs';
import { MessageChannel } from 'node:worker_threads';
import { libc } from '../libc/libc.js';

export interface Wakeup {
  /** libuv's epoll. */
  readonly epollFd: number;
  /** The number under which to register there. */
  readonly alias: number;
}

/**
 * What the search found. `'later'`: libuv has not registered anything yet; it does so when it polls for the first time.
 * `'never'`: one of the three facts does not hold. A final result is kept for the thread: both numbers are valid until
 * it ends.
 */
export type Search = Wakeup | 'later' | 'never';

let found: Search = 'later';

export function findWakeup(): Search {
  if (found === 'later') found = search(libc().host?.backendFd ?? -1);
  return found;
}

function search(epollFd: number): Search {
  if (epollFd < 0) return 'never';
  try {
    const eventFds = registeredUnderTheirNumber(epollFd).filter(isEventFd);
    if (eventFds.length === 0) return 'later';
    const written = writeAndLook(eventFds);
    const [alias] = written;
    return alias !== undefined && written.length === 1 ? { epollFd, alias } : 'never';
  } catch {
    return 'never'; // there is no /proc, or it has another format
  }
}

function registeredUnderTheirNumber(epollFd: number): number[] {
  const found: number[] = [];
  for (const line of fs.readFileSync(`/proc/self/fdinfo/${epollFd}`, 'utf8').split('\n')) {
    const match = /^tfd:\s*(\d+)\s+events:\s*[0-9a-f]+\s+data:\s*([0-9a-f]+)/.exec(line);
    if (match === null) continue;
    const [, fd = '', data = ''] = match;
    // libuv sets only the lower half of the data, which is an int.
    if (BigInt.asUintN(32, BigInt(`0x${data}`)) === BigInt(fd)) found.push(Number(fd));
  }
  return found;
}

function isEventFd(fd: number): boolean {
  return fs.readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:[eventfd]';
}

/**
 * Posts a message to this thread and returns the eventfds whose counter has risen. libuv empties its own at its next
 * poll.
 */
function writeAndLook(eventFds: readonly number[]): number[] {
  const { port1, port2 } = new MessageChannel();
  try {
    port2.on('message', () => undefined);
    port1.postMessage(null);
    return eventFds.filter((fd) => {
      const count = /^eventfd-count:\s*([0-9a-f]+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
      return count !== null && BigInt(`0x${count[1] ?? '0'}`) > 0n;
    });
  } finally {
    port1.close();
  }
}
