import { Worker, type ResourceLimits } from 'node:worker_threads';
import { promiseWithResolvers, toError } from '@ringloop/core/internal';
import { PeerExitedError } from './errors.js';
import { peerExited } from './exits.js';
import { allocateInbox, InboxMemory } from './inbox-memory.js';
import { LoopRef } from './loop-ref.js';
import { outboxTo } from './outboxes.js';
import type { RemoteId } from './remote.js';
import { sendEventually } from './send-eventually.js';
import { stop } from './well-known.js';

/** What a worker is told about the loop it is to run; see group-worker.ts. */
export interface MemberData {
  readonly wire: object;
  readonly name: string;
  readonly debug: boolean;
  readonly factory: RemoteId;
}

/** What a worker tells. */
export type MemberMessage = 'ready' | 'closed';

export interface MemberOptions {
  readonly name: string;
  readonly debug?: boolean;
  readonly resourceLimits?: ResourceLimits;
  readonly factory: RemoteId;
  readonly beforeTerminate: (threadId: number) => void;
  readonly onExit: (gone: GroupMember) => void;
}

/** How long a thread whose loop is closed may take to end by itself, in ms: whatever it still has open is not ours. */
const EXIT_GRACE_MS = 250;

type MemberState = 'starting' | 'running' | 'closing' | 'ended';

/** One worker thread and its loop, as the thread that spawned it sees them. */
export class GroupMember {
  readonly ref: LoopRef;
  /** Resolves when the loop runs. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #producer: number;
  readonly #beforeTerminate: (threadId: number) => void;
  readonly #onExit: (gone: GroupMember) => void;
  readonly #ready = promiseWithResolvers<void>();
  readonly #ended = promiseWithResolvers<void>();
  #state: MemberState = 'starting';
  /** What ended the thread, if it was an error. */
  #error: Error | null = null;
  #exitMessage = '';

  constructor({ name, debug = false, resourceLimits, factory, beforeTerminate, onExit }: MemberOptions) {
    const address = allocateInbox(name);
    this.ref = new LoopRef(address);
    this.ready = this.#ready.promise;
    this.ready.catch(() => undefined); // spawn() awaits all members, and learns of the first failure
    this.#beforeTerminate = beforeTerminate;
    this.#onExit = onExit;
    const workerData: MemberData = { wire: this.ref.toWire(), name, debug, factory };
    this.#worker = new Worker(new URL('./group-worker.js', import.meta.url), {
      name,
      workerData,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    this.#producer = this.#worker.threadId + 1; // afterwards the worker no longer knows
    memoryOf(this.ref).setOwner(this.#producer);
    this.#worker.on('message', (message: MemberMessage) => this.#hear(message));
    this.#worker.on('error', (error: unknown) => (this.#error = toError(error)));
    this.#worker.on('exit', (code) => this.#exited(code));
  }

  get state(): MemberState {
    return this.#state;
  }

  /** Stops the loop and waits for its thread to end. @param timeout seconds, then the thread is terminated */
  async close(timeout: number): Promise<void> {
    if (this.#state !== 'ended') {
      this.#state = 'closing';
      const deadline = setTimeout(() => this.#kill(), timeout * 1000);
      sendEventually(() => this.ref.callSoonThreadsafe(stop)); // a flooded loop catches up, or the deadline comes
      await this.#ended.promise;
      clearTimeout(deadline);
    }
  }

  async terminate(): Promise<void> {
    this.#kill();
    await this.#ended.promise;
  }

  /** Lets this member's thread know that another one has ended. */
  tellExit(gone: GroupMember): void {
    if (this.#state === 'ended') return;
    memoryOf(this.ref).leave(gone.#producer);
    const { id } = gone.ref.address;
    sendEventually(() => outboxTo(this.ref.address).announceExit(id, gone.#producer, gone.#exitMessage));
  }

  #kill(): void {
    if (this.#state === 'ended') return;
    this.#beforeTerminate(this.#producer - 1);
    void this.#worker.terminate(); // 'exit' tells when it is done
  }

  #hear(message: MemberMessage): void {
    if (message === 'ready') {
      if (this.#state === 'starting') this.#state = 'running';
      this.#ready.resolve();
      return;
    }
    // The loop is closed. Timers and handles that its users left open must not keep the group from closing.
    setTimeout(() => this.#kill(), EXIT_GRACE_MS).unref();
  }

  #exited(code: number): void {
    const stateBefore = this.#state;
    this.#state = 'ended';
    const { name } = this.ref;
    this.#exitMessage = `The thread of loop "${name}" has ended (exit code ${code})`;
    memoryOf(this.ref).abandon();
    peerExited(this.ref.address.id, this.#producer, this.#exitMessage, this.#error);
    this.#onExit(this);
    this.#ready.reject(
      new PeerExitedError(`${this.#exitMessage} before it was ready`, { cause: this.#error }),
    );
    this.#ended.resolve();
    // Perhaps nothing was pending on it: this must not stay unsaid.
    if (this.#error !== null && stateBefore === 'running') process.emitWarning(this.#error);
  }
}

function memoryOf(ref: LoopRef): InboxMemory {
  return new InboxMemory(ref.address.memory);
}
