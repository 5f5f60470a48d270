import { getSystemErrorName } from 'node:util';
import { threadId } from 'node:worker_threads';
import { SignalError } from '../errors.js';
import type { InboxAddress } from '../memory/inbox-memory.js';
import { hubListens, sendRequest } from './hub-channel.js';
import { thisKernelThread } from './kernel-thread.js';
import { openSignalHub } from './open-signal-hub.js';
import type { SignalTarget } from './signal-hub.js';
import type { SignalMemory } from './signal-memory.js';
import { signalName } from './signal-number.js';

/**
 * How long, in ms, a worker waits for the main thread to listen. A main thread that is importing a large program takes
 * seconds; one that has not answered by then probably waits for this very thread.
 */
const REPLY_TIMEOUT_MS = 5000;

/** Where a loop gets its signals from. */
export interface SignalSource {
  /**
   * When this returns, the signal is caught.
   * @throws {SignalError}
   */
  add(signal: number): void;
  /** When this returns, the signal does what it did before, unless another loop handles it. */
  remove(signal: number): void;
  /** The loop is closed: it gets no more signals. */
  close(): void;
}

/** The source of a loop in the main thread: the hub itself. */
export class MainSource implements SignalSource {
  readonly #target: SignalTarget;

  constructor(target: SignalTarget) {
    this.#target = target;
  }

  add(signal: number): void {
    try {
      openSignalHub().add(signal, this.#target);
    } catch (cause) {
      throw new SignalError(`${signalName(signal)} cannot be caught`, 'ERR_UNCATCHABLE_SIGNAL', { cause });
    }
  }

  remove(signal: number): void {
    openSignalHub().remove(signal, this.#target.id);
  }

  close(): void {
    openSignalHub().removeLoop(this.#target.id);
  }
}

/**
 * The source of a loop in a worker: it asks the hub, and blocks until that has answered. This takes as long as one turn
 * of the main thread. Otherwise a signal that comes right after `addSignalHandler()` could end the process.
 */
export class WorkerSource implements SignalSource {
  readonly #address: InboxAddress;
  readonly #memory: SignalMemory;
  #requests = 0;

  constructor(address: InboxAddress, memory: SignalMemory) {
    this.#address = address;
    this.#memory = memory;
  }

  add(signal: number): void {
    const what = `Cannot handle ${signalName(signal)} in loop "${this.#address.name}"`;
    if (!hubListens()) {
      throw new SignalError(
        `${what}: only the main thread gets signals, and it has made no loop and has not called relaySignals() ` +
          `before it started this thread`,
        'ERR_NO_SIGNAL_HUB',
      );
    }
    const errno = this.#ask('add', signal);
    if (errno === 0) return;
    if (errno !== null) {
      throw new SignalError(`${what}: ${getSystemErrorName(errno)}`, 'ERR_UNCATCHABLE_SIGNAL');
    }
    this.#send('remove', signal); // the hub will read both, in this order
    throw new SignalError(
      `${what}: the main thread, which gets the signals, has been blocked for ${REPLY_TIMEOUT_MS / 1000} seconds`,
      'ERR_MAIN_THREAD_BLOCKED',
    );
  }

  remove(signal: number): void {
    this.#ask('remove', signal); // a main thread that is blocked will do it as its next thing
  }

  close(): void {
    sendRequest({ kind: 'close', id: this.#address.id });
  }

  #ask(kind: 'add' | 'remove', signal: number): number | null {
    return this.#memory.waitForReply(this.#send(kind, signal), REPLY_TIMEOUT_MS);
  }

  #send(kind: 'add' | 'remove', signal: number): number {
    const number = ++this.#requests;
    const { memory } = this.#memory;
    const kernelThread = thisKernelThread();
    sendRequest({ kind, number, signal, address: this.#address, memory, threadId, kernelThread });
    return number;
  }
}
