/**
 * Where to register an epoll descriptor of ours, so that events in it wake this thread's libuv loop and nothing else happens.
 *
 * libuv waits in an epoll of its own. The events of a file are registered there with the file's number, and what libuv calls is
 * looked up by that number alone. One of these files is the eventfd by which other threads wake the loop (uv_async_send): its
 * handler empties it and looks which of the senders have something to say, and finding none is usual. So an epoll of ours that is
 * registered in libuv's epoll *under the number of that eventfd* wakes the loop as a thread would, by kernel objects alone: no
 * handle, no memory, and no callback that could enter JavaScript in a thread that is being ended. When the thread is gone, the
 * kernel has forgotten it.
 *
 * It relies on three things, and each is tested before it is used:
 *   1. the executable exports napi_get_uv_event_loop() and uv_backend_fd(): host-functions.ts;
 *   2. the registrations in libuv's epoll carry the number of the file: /proc/self/fdinfo says so;
 *   3. one of them is the eventfd by which other threads wake us: its counter rises when a MessagePort of this thread gets a message.
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
 * `'later'` when libuv has not registered anything yet, which it does when it polls for the first time. `'never'` where one of the
 * three does not hold. Found once a thread; both numbers live as long as it does.
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
    const rung = ringAndLook(eventFds);
    const [alias] = rung;
    return alias !== undefined && rung.length === 1 ? { epollFd, alias } : 'never';
  } catch {
    return 'never'; // no /proc, or one of another kind
  }
}

function registeredUnderTheirNumber(epollFd: number): number[] {
  const found: number[] = [];
  for (const line of fs.readFileSync(`/proc/self/fdinfo/${epollFd}`, 'utf8').split('\n')) {
    const match = /^tfd:\s*(\d+)\s+events:\s*[0-9a-f]+\s+data:\s*([0-9a-f]+)/.exec(line);
    if (match === null) continue;
    const [, fd = '', data = ''] = match;
    // libuv sets the lower half, an int, only.
    if (BigInt.asUintN(32, BigInt(`0x${data}`)) === BigInt(fd)) found.push(Number(fd));
  }
  return found;
}

function isEventFd(fd: number): boolean {
  return fs.readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:[eventfd]';
}

/** Those of them that are set once a message is on its way to this thread; libuv empties its own when it polls next. */
function ringAndLook(eventFds: readonly number[]): number[] {
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
