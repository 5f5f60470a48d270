import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { OUTSIDE } from '@ringloop/core/internal';
import type { NetLoop } from '../loop-net.js';
import { type Child, UNKNOWN_RETURNCODE } from './child.js';
import type { LedgerEntry } from './child-ledger.js';
import { SIGKILL } from './signal-of.js';

/** A child that node:child_process has started, and whose return code libuv takes from the system. */
export class NodeChild implements Child {
  readonly pid: number;
  readonly #loop: NetLoop;
  readonly #child: ChildProcess;
  readonly #entry: LedgerEntry | null;
  #onExit: ((returncode: number) => void) | null = null;
  #returncode: number | null = null;
  /** The loop is not deadlocked: somebody outside will call. */
  readonly #ended: () => void;

  constructor(loop: NetLoop, child: ChildProcess, pid: number, entry: LedgerEntry | null) {
    this.#loop = loop;
    this.#child = child;
    this.pid = pid;
    this.#entry = entry;
    this.#ended = loop[OUTSIDE].track('thread');
    child.unref(); // a loop that runs keeps the thread alive by itself
    child.once('exit', this.#exited);
  }

  watch(onExit: (returncode: number) => void): void {
    this.#onExit = onExit;
    if (this.#returncode !== null) this.#report(this.#returncode);
  }

  isRunning(): boolean {
    return this.#returncode === null;
  }

  sendSignal(signal: number): void {
    const refusals: Error[] = [];
    const onError = (error: Error): number => refusals.push(error); // Node emits it before kill() returns
    this.#child.once('error', onError);
    this.#child.kill(signal);
    this.#child.off('error', onError);
    for (const refusal of refusals) throw refusal;
  }

  abandon(): void {
    this.#onExit = null;
    this.#child.on('error', () => undefined); // we may not: it is another user's
    this.#child.kill(SIGKILL);
  }

  readonly #exited = (code: number | null, signal: NodeJS.Signals | null): void => {
    this.#entry?.release();
    this.#ended();
    this.#returncode = code ?? (signal === null ? UNKNOWN_RETURNCODE : -constants.signals[signal]);
    this.#report(this.#returncode);
  };

  #report(returncode: number): void {
    const onExit = this.#onExit;
    if (onExit === null || this.#loop.isClosed()) return;
    this.#loop.callSoon(onExit, returncode);
  }
}
