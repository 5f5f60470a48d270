import { constants } from 'node:os';
import { inspect } from 'node:util';
import { isMainThread, threadId } from 'node:worker_threads';
import { type BaseEventLoop, Handle, LoopStateError } from '@ringloop/core';
import {
  type Callback,
  checkCallback,
  ENQUEUE,
  OUTSIDE,
  type Owned,
  RESOURCES,
  RUN,
} from '@ringloop/core/internal';
import { SignalError } from '../errors.js';
import type { LoopRef } from '../loop/loop-ref.js';
import { receivers, type SignalReceiver } from './signal-arrived.js';
import type { SignalTarget } from './signal-hub.js';
import { SignalMemory } from './signal-memory.js';
import { signalName, toSignalNumber } from './signal-number.js';
import { MainSource, type SignalSource, WorkerSource } from './signal-source.js';

const { SIGKILL, SIGSTOP } = constants.signals;

/** The signal handlers of one loop. Python: what asyncio's _UnixSelectorEventLoop does with signals. */
export class LoopSignals implements SignalReceiver {
  readonly #loop: BaseEventLoop;
  readonly #id: string;
  readonly #handlers = new Map<number, Handle>();
  readonly #memory = new SignalMemory();
  readonly #source: SignalSource;
  /** While there are handlers: a loop that may get signals is not deadlocked. */
  #noLonger: (() => void) | null = null;

  /** @param ref a reference to `loop`, which belongs to this thread */
  constructor(loop: BaseEventLoop, ref: LoopRef) {
    this.#loop = loop;
    this.#id = ref.id;
    this.#source = isMainThread
      ? new MainSource(this.#asTarget())
      : new WorkerSource(ref.address, this.#memory);
    loop[RESOURCES].addKeeper(() => this.#resources());
  }

  /** See `EventLoop.addSignalHandler()`. If it throws, nothing has changed. */
  add(signal: unknown, callback: Callback, args: readonly unknown[]): void {
    checkCallback(callback, 'addSignalHandler');
    const number = toSignalNumber(signal);
    if (this.#loop.isClosed()) throw new LoopStateError('Event loop is closed', 'ERR_LOOP_CLOSED');
    if (number === SIGKILL || number === SIGSTOP) {
      throw new SignalError(`${signalName(number)} cannot be caught`, 'ERR_UNCATCHABLE_SIGNAL');
    }
    const handle = new Handle(callback, args, this.#loop);
    if (!this.#handlers.has(number)) this.#source.add(number);
    this.#handlers.set(number, handle);
    receivers.set(this.#id, this);
    this.#noLonger ??= this.#loop[OUTSIDE].track('promise');
  }

  /** See `EventLoop.removeSignalHandler()`. */
  remove(signal: unknown): boolean {
    const number = toSignalNumber(signal);
    if (!this.#handlers.delete(number)) return false;
    this.#source.remove(number);
    if (this.#handlers.size === 0) this.#expectNone();
    return true;
  }

  /** Runs in the loop, when the signal has arrived. The handler runs in the next iteration, as in CPython. */
  arrived(signal: number): void {
    this.#memory.clear(signal); // first: what comes from now on needs another call
    const handle = this.#handlers.get(signal);
    if (handle !== undefined) this.#loop[ENQUEUE](handle);
  }

  /** The loop is closed. */
  close(): void {
    if (this.#handlers.size === 0) return;
    this.#handlers.clear();
    this.#source.close();
    this.#expectNone();
  }

  #expectNone(): void {
    receivers.delete(this.#id);
    this.#noLonger?.();
    this.#noLonger = null;
  }

  #asTarget(): SignalTarget {
    return {
      id: this.#id,
      threadId,
      deliver: (signal) => {
        if (this.#memory.tryMark(signal)) this.#loop[ENQUEUE]({ [RUN]: () => this.arrived(signal) });
      },
      isAlive: () => true,
    };
  }

  *#resources(): Generator<Owned> {
    for (const [signal, handle] of this.#handlers) {
      const { sourceTraceback } = handle;
      yield { kind: 'signal handler', shown: `${signalName(signal)}: ${inspect(handle)}`, sourceTraceback };
    }
  }
}
