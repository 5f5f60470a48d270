import { Handle } from '@ringloop/core';
import { peek, pidfdSendSignal, reap } from '../libc/process-calls.js';
import { P_PIDFD } from '../libc/process-functions.js';
import * as sys from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import { NET, type NetLoop } from '../loop-net.js';
import { type Child, UNKNOWN_RETURNCODE } from './child.js';
import type { LedgerEntry } from './child-ledger.js';
import { reapLater } from './orphans.js';
import { SIGKILL } from './signal-of.js';

/**
 * A child that was started with posix_spawn(). Its pidfd can be read once it has ended, so the loop watches it as any descriptor; and a
 * signal that is sent through it never hits another process that has got the number since. Python: PidfdChildWatcher.
 */
export class PidfdChild implements Child {
  readonly pid: number;
  readonly #loop: NetLoop;
  readonly #entry: LedgerEntry | null;
  /** -1 once the return code is known. */
  #pidfd: number;
  #onExit: ((returncode: number) => void) | null = null;

  constructor(loop: NetLoop, pid: number, pidfd: number, entry: LedgerEntry | null) {
    this.#loop = loop;
    this.pid = pid;
    this.#pidfd = pidfd;
    this.#entry = entry;
  }

  watch(onExit: (returncode: number) => void): void {
    const { selector, transports } = this.#loop[NET];
    this.#onExit = onExit;
    try {
      selector.watch(this.#pidfd, 'reader', new Handle(this.#onReadable, [], this.#loop));
    } catch (thrown) {
      this.abandon();
      throw thrown;
    }
    transports.set(this.#pidfd, this);
  }

  isRunning(): boolean {
    return this.#pidfd !== -1 && peek({ kind: P_PIDFD, id: this.#pidfd }) === 'running';
  }

  sendSignal(signal: number): void {
    if (this.#pidfd === -1) return;
    const result = pidfdSendSignal(this.#pidfd, signal);
    if (result < 0 && result !== -sys.ESRCH) throw systemError('kill', -result);
  }

  abandon(): void {
    const pidfd = this.#pidfd;
    if (pidfd === -1) return;
    this.#pidfd = -1;
    pidfdSendSignal(pidfd, SIGKILL);
    reapLater({ pid: this.pid, pidfd, entry: this.#entry });
  }

  readonly #onReadable = (): void => {
    const result = reap({ kind: P_PIDFD, id: this.#pidfd }, this.#entry);
    if (result === 'running') return;
    this.#forget();
    if (result === 'gone') {
      console.warn(`child process pid ${this.pid} exit status already read: will report returncode 255`);
    }
    if (this.#onExit !== null)
      this.#loop.callSoon(this.#onExit, result === 'gone' ? UNKNOWN_RETURNCODE : result);
  };

  #forget(): void {
    const { selector, transports } = this.#loop[NET];
    const pidfd = this.#pidfd;
    this.#pidfd = -1;
    selector.unwatch(pidfd, 'reader');
    transports.delete(pidfd);
    sys.close(pidfd);
    this.#entry?.release();
  }
}
