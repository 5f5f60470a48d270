import { F_GETFL, F_SETFL, O_ACCMODE, O_APPEND, O_CLOEXEC, O_NOCTTY, O_NONBLOCK } from '../libc/linux-abi.js';
import { pipe } from '../libc/process-calls.js';
import * as sys from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import { PipeFile } from '../pipes/pipe-file.js';
import type { PipeEnds } from './child.js';
import type { ChildDescriptor } from './posix-spawn.js';
import type { StdioPlan } from './stdio.js';

/** The descriptors that a child starts with, and our ends of its pipes. */
export class ChildStdio {
  /** What becomes its descriptors 0, 1 and 2. */
  readonly sources: readonly ChildDescriptor[];
  readonly #ours: (PipeFile | null)[] = [];
  /** What is of no use here once the child has it. */
  readonly #temporary: number[] = [];

  /** @throws {SystemError} such as EMFILE, or EBADF when a descriptor is not open; nothing stays open then */
  constructor(plan: StdioPlan) {
    const sources: ChildDescriptor[] = [];
    try {
      plan.forEach((each, target) => sources.push(this.#source(each, target)));
    } catch (thrown) {
      this.failed();
      throw thrown;
    }
    this.sources = sources;
  }

  get ends(): PipeEnds<PipeFile> {
    const [stdin = null, stdout = null, stderr = null] = this.#ours;
    return [stdin, stdout, stderr];
  }

  /** The child has its descriptors. It alone may have the other ends, or we would not see when it closes them. */
  started(): void {
    for (const fd of this.#temporary.splice(0)) sys.close(fd);
  }

  failed(): void {
    this.started();
    for (const end of this.#ours) end?.close();
  }

  #source(plan: StdioPlan[number], target: number): ChildDescriptor {
    this.#ours[target] = null;
    if (plan === 'null device' || plan === 'stdout') return plan;
    if (plan === 'pipe') return this.#openPipe(target);
    return this.#own(plan === 'inherited' ? target : plan, plan === 'inherited');
  }

  /** A descriptor of this process, which the child gets as well. */
  #own(fd: number, mayBeClosed: boolean): ChildDescriptor {
    const flags = sys.complete((c) => c.fcntl(fd, F_GETFL, 0));
    if (flags < 0) {
      if (mayBeClosed) return 'closed'; // so it is in the child
      throw systemError('fcntl', -flags);
    }
    const isShared = fd <= LAST_STANDARD && (flags & O_NONBLOCK) !== 0;
    const waiting = isShared ? this.#waiting(fd, flags) : fd;
    if (waiting === fd && mayBeClosed) return 'inherited';
    return this.#lifted(waiting);
  }

  /** Node makes its own stdin and stdout non-blocking. Programs expect that theirs wait. */
  #waiting(fd: number, flags: number): number {
    const wanted = (flags & (O_ACCMODE | O_APPEND)) | O_CLOEXEC | O_NOCTTY;
    const opened = sys.open((c) => c.open(`/proc/self/fd/${fd}`, wanted));
    if (opened >= 0) {
      this.#temporary.push(opened);
      return opened;
    }
    // A socket, or what we may not open. As libuv does it: also for this process.
    sys.complete((c) => c.fcntl(fd, F_SETFL, flags & ~O_NONBLOCK));
    return fd;
  }

  #openPipe(target: number): number {
    const fds = new Int32Array(2);
    const result = pipe(fds);
    if (result < 0) throw systemError('pipe2', -result);
    const [reading = -1, writing = -1] = fds; // always there
    this.#temporary.push(reading, writing);
    const ours = this.#lifted(target === 0 ? writing : reading);
    const theirs = this.#lifted(target === 0 ? reading : writing);
    const adopted = sys.adopt(ours);
    if (adopted < 0) throw systemError('fcntl', -adopted);
    this.#temporary.splice(this.#temporary.indexOf(ours), 1);
    this.#ours[target] = new PipeFile(ours, 'pipe');
    return theirs;
  }

  /** The child's own numbers must be free: one that is set first would overwrite the source of another. */
  #lifted(fd: number): number {
    if (fd > LAST_STANDARD) return fd;
    const copy = sys.dupFrom(fd, LAST_STANDARD + 1);
    if (copy < 0) throw systemError('fcntl', -copy);
    this.#temporary.push(copy);
    return copy;
  }
}

const LAST_STANDARD = 2;
