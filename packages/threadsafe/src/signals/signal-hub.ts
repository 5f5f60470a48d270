/**
 * The listeners for signals of the whole process, in its main thread: Node gets signals nowhere else. It passes each
 * signal on to the loops that handle it, in whatever threads they run.
 *
 * The hub listens by `process.on()`, beside the listeners that the program itself may have: all of them are called. It
 * uses no sigaction(2) to catch signals, because libuv would replace that.
 */
import { TAKES_SIGNALS, toError } from '@ringloop/core/internal';
import { isUnreachable } from '../calls/retry-send.js';
import { type Dispositions, mustStay, substituteFor } from './dispositions.js';
import { signalName } from './signal-number.js';

/** A loop that handles signals. */
export interface SignalTarget {
  /** The id of its inbox. */
  readonly id: string;
  /** Its thread's id. */
  readonly threadId: number;
  /** Throws when the loop is closed or its thread has ended. */
  deliver(signal: number): void;
  /** Whether its thread lives, as far as this thread can tell. */
  isAlive(): boolean;
}

interface Watch {
  readonly targets: Map<string, SignalTarget>;
  readonly listener: () => void;
  /** What the signal did before. Null: it is not known, or somebody else listened already. */
  readonly before: Uint8Array | null;
  /** What the listener does when it is all that is left. */
  substitute: (() => void) | null;
}

export class SignalHub {
  readonly #dispositions: Dispositions | null;
  readonly #watches = new Map<number, Watch>();

  /** @param dispositions null: they cannot be read and restored */
  constructor(dispositions: Dispositions | null) {
    this.#dispositions = dispositions;
  }

  /** From now on the loop gets the signal. Throws Node's error when the system does not let the signal be caught. */
  add(signal: number, target: SignalTarget): void {
    const watch = this.#watches.get(signal) ?? this.#makeWatch(signal);
    const name = signalName(signal);
    // It may be there without targets, or removed by process.removeAllListeners().
    if (!process.listeners(name).includes(watch.listener)) process.on(name, watch.listener);
    watch.targets.set(target.id, target);
    watch.substitute = null;
    this.#watches.set(signal, watch);
  }

  remove(signal: number, id: string): void {
    const watch = this.#watches.get(signal);
    if (watch?.targets.delete(id) === true && watch.targets.size === 0) this.#lastGone(signal, watch);
  }

  /** The loop is closed. */
  removeLoop(id: string): void {
    for (const signal of [...this.#watches.keys()]) this.remove(signal, id);
  }

  /** The thread has ended. */
  removeThread(threadId: number): void {
    for (const [signal, { targets }] of [...this.#watches]) {
      for (const target of [...targets.values()]) {
        if (target.threadId === threadId) this.remove(signal, target.id);
      }
    }
  }

  #makeWatch(signal: number): Watch {
    const isFirst = process.listenerCount(signalName(signal)) === 0;
    const watch: Watch = {
      targets: new Map(),
      listener: Object.assign(() => this.#arrived(signal, watch), { [TAKES_SIGNALS]: true } as const),
      before: isFirst ? (this.#dispositions?.read(signal) ?? null) : null,
      substitute: null,
    };
    return watch;
  }

  #lastGone(signal: number, watch: Watch): void {
    if (mustStay(signal)) return;
    const name = signalName(signal);
    const substitute =
      watch.before === null && process.listenerCount(name) === 1 ? substituteFor(signal) : null;
    if (substitute !== null) {
      watch.substitute = substitute;
      return;
    }
    this.#watches.delete(signal);
    process.off(name, watch.listener);
    if (watch.before === null || process.listenerCount(name) > 0) return;
    this.#dispositions?.write(signal, watch.before);
  }

  #arrived(signal: number, watch: Watch): void {
    const { targets } = watch;
    if (targets.size > 0) {
      for (const target of [...targets.values()]) this.#deliver(signal, target);
      // Afterwards, because it takes system calls: a plain worker may have been terminated without anybody telling us.
      for (const target of [...targets.values()]) if (!target.isAlive()) this.removeThread(target.threadId);
      if (targets.size > 0) return;
    }
    // The signal has met no handler, so it must do what it does without one.
    if (process.listenerCount(signalName(signal)) === 0) process.kill(process.pid, signal);
    else watch.substitute?.();
  }

  #deliver(signal: number, target: SignalTarget): void {
    try {
      target.deliver(signal);
    } catch (thrown) {
      if (isUnreachable(thrown)) this.remove(signal, target.id);
      else process.emitWarning(toError(thrown)); // the other loops must get the signal nevertheless
    }
  }
}
