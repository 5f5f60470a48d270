import { fileURLToPath } from 'node:url';
import { isMainThread, MessageChannel, Worker, type WorkerOptions } from 'node:worker_threads';
import { LONGEST_TIMER_MS, promiseWithResolvers, toError } from '@ringloop/core/internal';
import { sharedBlockedThreads } from '../memory/blocked-threads.js';
import { type Packed, unpack } from '../codec/packing.js';
import { PeerExitedError } from '../errors.js';
import { spawnedBy, tellEnded, tellSpawned } from '../exits/thread-exits.js';
import { allocateInbox, InboxMemory, thisProducer } from '../memory/inbox-memory.js';
import { loadedByRequire } from '../references/loaded-by-require.js';
import { LoopRef } from '../loop/loop-ref.js';
import { ownFile } from '../threads/own-file.js';
import type { PortOffer } from '../out-of-band/transfer-port.js';
import type { GroupPorts } from './group-ports.js';
import type { LoopSpec } from './loop-spec.js';
import type { CheckedThreadOptions } from '../threads/thread-options.js';
import type { ThreadOutput } from '../threads/thread-output.js';
import { threadUnavailable } from '../threads/thread-unavailable.js';

/** What a worker is told about the loop it is to run; see loop-worker-main.ts. */
export interface LoopWorkerData {
  readonly wire: object;
  readonly spec: LoopSpec;
  readonly spawner: PortOffer;
  readonly siblings: readonly PortOffer[];
  /** What the worker is to load, and how: of the copy of this package that the spawner is, see group-entry.cts. */
  readonly main: string;
  readonly byRequire: boolean;
}

/** What a worker is asked later: to close its loop. `drainUntil` is in seconds of `threadTime()`. */
export interface CloseRequest {
  readonly drainUntil: number;
}

/** What a worker tells, in this order: 'ready' or 'unprepared', 'drained', 'closed'; 'failed' at any time, and nothing after it. */
export type LoopWorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unprepared'; readonly error: Packed }
  | ({ readonly kind: 'drained' } & Drained)
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly error: Packed };

/** What a drain has come to. */
export interface Drained {
  /** Whether all that had got in has run and was answered. */
  readonly inTime: boolean;
  /** Tasks of the loop that were not done then, and are cancelled. */
  readonly tasksLeft: number;
}

export interface LoopWorkerOptions {
  readonly spec: LoopSpec;
  readonly thread: CheckedThreadOptions;
  readonly beforeTerminate: (threadId: number) => void;
  readonly siblings: GroupPorts;
}

/** What a worker was made of, or why there is none. */
type Made = { readonly worker: Worker } | { readonly error: Error };

/** How a member has ended. */
export interface LoopWorkerEnd {
  readonly exitCode: number;
  /** What it died of, if that was thrown. */
  readonly error: Error | null;
  /** Whether its loop was closed in order, be it that it was asked to or that it stopped by itself. */
  readonly closed: boolean;
  /** What its drain had come to; null where it had none. */
  readonly drained: Drained | null;
  /** Whether it had to be terminated. */
  readonly terminated: boolean;
}

/** How long a thread whose loop is closed may take to end by itself, in ms: whatever it still has open is not ours. */
const EXIT_GRACE_MS = 250;

type LoopWorkerState = 'starting' | 'running' | 'closing' | 'ended';

const GROUP_ENTRY = new URL('./group-entry.cjs', import.meta.url);
const GROUP_WORKER = new URL('./loop-worker-main.js', import.meta.url);

/** The members that this thread has spawned and that have not ended. */
const living = new Set<LoopWorker>();

/** One worker thread and its loop, from start to end, as the thread that spawned it sees them. */
export class LoopWorker {
  readonly ref: LoopRef;
  /** Resolves when the loop runs and is set up; rejects with what its setup threw, or PeerExitedError. */
  readonly ready: Promise<void>;
  /** Resolves when the thread has ended, and every thread will hear of it. */
  readonly ended: Promise<LoopWorkerEnd>;
  /** Null: it could not be made, and the member has ended before it began. */
  readonly #worker: Worker | null;
  readonly #memory: InboxMemory;
  readonly #threadId: number;
  readonly #beforeTerminate: (threadId: number) => void;
  readonly #siblings: GroupPorts;
  readonly #ready = promiseWithResolvers<void>();
  readonly #ended = promiseWithResolvers<LoopWorkerEnd>();
  #state: LoopWorkerState = 'starting';
  /** What ended the thread, as Node tells it: without its class. */
  #thrown: { readonly value: unknown } | null = null;
  /** The same as the thread told it: Node's news may come first. */
  #told: { readonly value: unknown } | null = null;
  #drained: Drained | null = null;
  #closed = false;
  #terminated = false;
  #deadline: NodeJS.Timeout | null = null;

  /** @param output takes what the thread prints */
  constructor(options: LoopWorkerOptions, output: ThreadOutput) {
    const { spec, thread } = options;
    const { name } = spec;
    const address = allocateInbox(name);
    this.ref = new LoopRef(address);
    this.ready = this.#ready.promise;
    this.ended = this.#ended.promise;
    this.ready.catch(() => undefined); // spawn() awaits all members, and learns of the first failure
    this.#beforeTerminate = options.beforeTerminate;
    this.#siblings = options.siblings;
    const port = new MessageChannel();
    const laid = this.#siblings.open();
    const workerData: LoopWorkerData = {
      wire: this.ref.toWire(),
      spec,
      spawner: { producer: thisProducer, port: port.port2 },
      siblings: laid.map(({ producer, there }) => ({ producer, port: there })),
      main: loadedByRequire ? fileURLToPath(GROUP_WORKER) : GROUP_WORKER.href,
      byRequire: loadedByRequire,
    };
    sharedBlockedThreads(); // which the worker inherits
    this.#memory = new InboxMemory(address.memory);
    const made = makeWorker(name, {
      ...thread.worker,
      stdout: thread.stdout,
      stderr: thread.stderr,
      name,
      workerData,
      transferList: [port.port2, ...laid.map(({ there }) => there)],
    });
    if ('error' in made) {
      this.#worker = null;
      this.#threadId = NO_THREAD;
      this.#endUnborn(made.error);
      return;
    }
    const { worker } = made;
    this.#worker = worker;
    output.take(worker);
    this.#threadId = worker.threadId; // afterwards the worker no longer knows
    this.#memory.setOwner(this.#threadId + 1);
    tellSpawned(this.#threadId, address.memory);
    this.#siblings.join({ producer: this.#threadId + 1, port: port.port1 }, laid);
    worker.on('message', (message: LoopWorkerMessage) => this.#hear(message));
    worker.on('error', (value: unknown) => (this.#thrown ??= { value }));
    worker.on('exit', (code) => this.#exited(code));
    rememberLiving(this);
  }

  get state(): LoopWorkerState {
    return this.#state;
  }

  /** How much it has to do for other threads; see InboxMemory.outstanding(). */
  outstanding(): number {
    return this.#memory.outstanding();
  }

  /**
   * Closes the loop: it drains, is cancelled, and its thread ended if it must be. Again, it makes the deadlines earlier.
   * @param timeout seconds until the thread is terminated
   * @param drain seconds until what is left is cancelled
   */
  close(timeout: number, drain: number): Promise<LoopWorkerEnd> {
    if (this.#state !== 'ended') {
      this.#state = 'closing';
      const request: CloseRequest = { drainUntil: threadTime() + drain };
      this.#worker?.postMessage(request);
      this.#killIn(timeout * 1000);
    }
    return this.ended;
  }

  terminate(): Promise<LoopWorkerEnd> {
    this.#kill();
    return this.ended;
  }

  /** Its thread, and those below it, will be ended by force: by `terminate()`, or because this thread ends. */
  prepareTermination(): void {
    for (const threadId of [this.#threadId, ...spawnedBy(this.#threadId)]) this.#beforeTerminate(threadId);
  }

  #killIn(ms: number): void {
    const killer = setTimeout(() => this.#kill(), Math.min(ms, LONGEST_TIMER_MS));
    const earlier = this.#deadline;
    if (earlier === null) this.#deadline = killer;
    // Both run: the earlier one is as good, and the later one then finds nothing to do.
    else void this.ended.then(() => clearTimeout(killer));
  }

  #kill(): void {
    if (this.#state === 'ended' || this.#terminated) return;
    this.#terminated = true;
    this.prepareTermination();
    void this.#worker?.terminate(); // 'exit' tells when it is done
  }

  #hear(message: LoopWorkerMessage): void {
    switch (message.kind) {
      case 'ready':
        if (this.#state === 'starting') this.#state = 'running';
        this.#ready.resolve();
        return;
      case 'unprepared':
        this.#told ??= { value: unpack(message.error) };
        this.#ready.reject(this.#told.value);
        return;
      case 'failed':
        this.#told ??= { value: unpack(message.error) };
        return;
      case 'drained':
        this.#drained = message;
        return;
      case 'closed':
        this.#closed = true;
        // Timers and handles that its users left open must not keep the group from closing.
        setTimeout(() => this.#kill(), EXIT_GRACE_MS).unref();
    }
  }

  /** There is no thread for it: nobody can call it, and who waits for it is told. */
  #endUnborn(error: Error): void {
    this.#state = 'ended';
    this.#memory.abandon();
    this.#ready.reject(error);
    this.#ended.resolve({ exitCode: 1, error, closed: false, drained: null, terminated: false });
  }

  #exited(code: number): void {
    // Its loop was closed in order, and only what its users had left open had to be ended.
    const exitCode = this.#closed && this.#terminated ? 0 : code;
    this.#state = 'ended';
    living.delete(this);
    this.#siblings.leave(this.#threadId + 1);
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    const thrown = this.#told ?? this.#thrown;
    // There was a thread, but not what it needs: it has run nothing.
    const unavailable = thrown === null ? null : threadUnavailable(thrown.value, startOf(this.ref.name));
    const error = unavailable ?? (thrown === null ? null : toError(thrown.value));
    tellEnded(this.#threadId, exitCode, unavailable === null ? thrown : { value: unavailable });
    if (unavailable !== null) this.#ready.reject(unavailable);
    this.#ready.reject(
      new PeerExitedError(
        `The thread of loop "${this.ref.name}" has ended (exit code ${exitCode}) before it was ready`,
        error === null ? undefined : { cause: error },
      ),
    );
    this.#ended.resolve({
      exitCode,
      error,
      closed: this.#closed,
      drained: this.#drained,
      terminated: this.#terminated && !this.#closed,
    });
  }
}

/** In place of the id of a thread that could not be started. */
const NO_THREAD = -1;

/** Only what Node throws is caught: it does so at once, and has started nothing then. */
function makeWorker(name: string, options: WorkerOptions): Made {
  try {
    return { worker: new Worker(ownFile(GROUP_ENTRY), options) };
  } catch (thrown) {
    return { error: threadUnavailable(thrown, startOf(name)) ?? toError(thrown) };
  }
}

function startOf(name: string): string {
  return `Cannot start loop "${name}"`;
}

/** Seconds of a clock that all threads share. */
export function threadTime(): number {
  return Number(process.hrtime.bigint()) * 1e-9;
}

let preparesAtExit = isMainThread; // at its end, net takes care of all threads

function rememberLiving(member: LoopWorker): void {
  living.add(member);
  if (preparesAtExit) return;
  preparesAtExit = true;
  process.once('exit', () => {
    for (const each of living) each.prepareTermination(); // Node ends the workers of a worker that ends
  });
}
