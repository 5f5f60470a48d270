import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What the process has open, by number. */
export function openDescriptors(): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      found.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // the descriptor that readdir itself had open
    }
  }
  return found;
}

/** How many descriptors the kernel watches for an epoll descriptor. */
export function epollRegistrations(epollFd: number): number {
  return readFileSync(`/proc/self/fdinfo/${epollFd}`, 'utf8').match(/^tfd:/gm)?.length ?? 0;
}
