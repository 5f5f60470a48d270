/**
 * Children whose loop is gone: closed, or lost with its worker. They run on here without anybody who waits for them; this thread takes
 * their codes from the system when they end, so that no zombie is left. libuv wakes it for that, whether or not it runs a loop.
 */
import type { Worker } from 'node:worker_threads';
import { pidfdOpen, reap } from '../libc/process-calls.js';
import { P_PID, P_PIDFD, processFunctions } from '../libc/process-functions.js';
import { EPOLLIN } from '../libc/linux-abi.js';
import * as sys from '../libc/syscalls.js';
import { EpollPoll } from '../selector/epoll-poll.js';
import { Epoll } from '../selector/epoll.js';
import { childLedger, type Inherited, isAlive, type LedgerEntry, shareLedger } from './child-ledger.js';

/** How often to look for a child that has no pidfd, in ms: descriptors are short at the moment. Arbitrary. */
const LOOK_EVERY_MS = 1000;

interface Orphan {
  readonly pid: number;
  readonly pidfd: number;
  readonly entry: LedgerEntry | null;
}

const orphans = new Map<number, Orphan>();
let watched: { readonly epoll: Epoll; readonly poll: EpollPoll } | null = null;

/** Takes the code of the child when it ends. The pidfd is closed then. */
export function reapLater(orphan: Orphan): void {
  if (tryReap(orphan)) return;
  try {
    watched ??= open();
  } catch {
    lookAgain(orphan); // no descriptor is left
    return;
  }
  if (watched.epoll.tryAdd(orphan.pidfd, EPOLLIN, 0) < 0) {
    lookAgain(orphan);
    return;
  }
  orphans.set(orphan.pidfd, orphan);
  watched.poll.start();
}

/** Shares the ledger with the workers that this thread starts from now on, and takes their children over when they end. */
export function adoptChildrenOfWorkers(): void {
  if (isAdopting) return;
  isAdopting = true;
  shareLedger();
  process.on('worker', (worker: Worker) => worker.once('exit', adopt));
}

let isAdopting = false;

function adopt(): void {
  for (const { pid, entry } of inherit()) adoptOne(pid, entry);
}

/** None where nobody could take their codes: outside Linux, and without koffi or /proc. */
function inherit(): readonly Inherited[] {
  if (process.platform !== 'linux') return [];
  try {
    processFunctions();
    return childLedger().inherit(isAlive);
  } catch {
    return [];
  }
}

function adoptOne(pid: number, entry: LedgerEntry): void {
  const pidfd = pidfdOpen(pid);
  if (pidfd >= 0) reapLater({ pid, pidfd, entry });
  else lookAgain({ pid, pidfd: -1, entry });
}

function open(): NonNullable<typeof watched> {
  const epoll = new Epoll();
  return { epoll, poll: new EpollPoll(epoll, collect) };
}

function collect(): void {
  watched?.epoll.collect((pidfd) => {
    const orphan = orphans.get(pidfd);
    if (orphan === undefined) return;
    watched?.epoll.tryRemove(pidfd); // first: a number that is closed cannot be removed
    orphans.delete(pidfd);
    if (!tryReap(orphan)) lookAgain(orphan);
  });
  if (orphans.size > 0 || watched === null) return;
  watched.poll.stop();
  watched.epoll.close();
  watched = null;
}

/** False: it runs. */
function tryReap({ pid, pidfd, entry }: Orphan): boolean {
  const id = pidfd === -1 ? { kind: P_PID, id: pid } : { kind: P_PIDFD, id: pidfd };
  if (reap(id, entry) === 'running') return false;
  if (pidfd !== -1) sys.close(pidfd);
  entry?.release();
  return true;
}

function lookAgain(orphan: Orphan): void {
  if (tryReap(orphan)) return;
  setTimeout(() => lookAgain(orphan), LOOK_EVERY_MS).unref();
}

/** For tests: how many there are. */
export function orphanCount(): number {
  return orphans.size;
}
