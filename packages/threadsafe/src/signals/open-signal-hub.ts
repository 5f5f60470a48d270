import { isMainThread } from 'node:worker_threads';
import { shared, toError } from '@ringloop/core/internal';
import { SignalError } from '../errors.js';
import { hasEnded, listenForExits, onThreadExit } from '../exits/thread-exits.js';
import { LoopRef } from '../loop/loop-ref.js';
import type { Dispositions } from './dispositions.js';
import { listenForRequests, type SignalRequest } from './hub-channel.js';
import { livesInKernel } from './kernel-thread.js';
import { signalArrived } from './signal-arrived.js';
import { SignalHub, type SignalTarget } from './signal-hub.js';
import { SignalMemory } from './signal-memory.js';

/**
 * The hub of the process: the first copy of this package that asks for it opens it, with its dispositions. From then on,
 * threads that are started can handle signals.
 * @throws {SignalError} ERR_NO_SIGNAL_HUB in a worker
 */
export function openSignalHub(dispositions: Dispositions | null = null): SignalHub {
  if (!isMainThread) {
    throw new SignalError('Cannot relay signals here: only the main thread gets them', 'ERR_NO_SIGNAL_HUB');
  }
  return shared('signal hub', () => {
    const hub = new SignalHub(dispositions);
    onThreadExit((threadId) => hub.removeThread(threadId));
    listenForRequests((request) => serve(hub, request));
    return hub;
  });
}

function serve(hub: SignalHub, request: SignalRequest): void {
  if (request.kind === 'close') {
    hub.removeLoop(request.id);
    return;
  }
  const { kind, signal, number, address } = request;
  const memory = new SignalMemory(request.memory);
  try {
    if (kind === 'remove') hub.remove(signal, address.id);
    else {
      const target = new WorkerLoop(request, memory);
      listenForExits();
      if (target.isAlive()) hub.add(signal, target); // it may have ended since it asked
    }
    memory.reply(number, 0);
  } catch (thrown) {
    const { errno } = toError(thrown) as NodeJS.ErrnoException; // Node's error, if the system refuses the signal
    memory.reply(number, errno ?? -1);
  }
}

/** The loop of a worker, as the hub sees it. */
class WorkerLoop implements SignalTarget {
  readonly id: string;
  readonly threadId: number;
  readonly #ref: LoopRef;
  readonly #memory: SignalMemory;
  readonly #kernelThread: string | null;

  constructor(
    { address, threadId, kernelThread }: SignalRequest & { readonly kind: 'add' | 'remove' },
    memory: SignalMemory,
  ) {
    this.id = address.id;
    this.threadId = threadId;
    this.#ref = new LoopRef(address);
    this.#memory = memory;
    this.#kernelThread = kernelThread;
  }

  deliver(signal: number): void {
    if (!this.#memory.tryMark(signal)) return; // a call about it is on its way
    try {
      this.#ref.callSoonThreadsafe(signalArrived, signal, this.id);
    } catch (thrown) {
      this.#memory.clear(signal);
      throw thrown;
    }
  }

  isAlive(): boolean {
    return !hasEnded(this.threadId + 1) && livesInKernel(this.#kernelThread);
  }
}
