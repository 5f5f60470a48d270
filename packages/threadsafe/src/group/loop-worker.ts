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

/** The worker data of a loop's thread: see loop-worker-main.ts. */
export interface LoopWorkerData {
  readonly wire: object;
  readonly spec: LoopSpec;
  readonly spawner: PortOffer;
  readonly siblings: readonly PortOffer[];
  /**
   * What the worker loads, and whether by require(): from the copy of this package that the spawner uses, see
   * group-entry.cts.
   */
  readonly main: string;
  readonly byRequire: boolean;
}

/** The request to close the worker's loop. `drainUntil` is in seconds of `threadTime()`. */
export interface CloseRequest {
  readonly drainUntil: number;
}

/**
 * The messages of a worker, in this order: 'ready' or 'unprepared', 'drained', 'closed'. 'failed' may come at any time,
 * and no message comes after it.
 */
export type LoopWorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unprepared'; readonly error: Packed }
  | ({ readonly kind: 'drained' } & Drained)
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly error: Packed };

/** The result of a drain. */
export interface Drained {
  /** Whether all accepted calls have run, and all replies were sent. */
  readonly inTime: boolean;
  /** Number of tasks of the loop that were not done then, and are cancelled. */
  readonly tasksLeft: number;
}

export interface LoopWorkerOptions {
  readonly spec: LoopSpec;
  readonly thread: CheckedThreadOptions;
  readonly beforeTerminate: (threadId: number) => void;
  readonly siblings: GroupPorts;
}

/** A worker, or the reason why there is none. */
type Made = { readonly worker: Worker } | { readonly error: Error };

/** How a worker and its loop have ended. */
export interface LoopWorkerEnd {
  readonly exitCode: number;
  /** The error that it died of, if one was thrown. */
  readonly error: Error | null;
  /** Whether its loop was closed in order, because it was asked to or because it stopped by itself. */
  readonly closed: boolean;
  /** The result of its drain. Null: there was none. */
  readonly drained: Drained | null;
  /** Whether it had to be terminated. */
  readonly terminated: boolean;
}

/** How long a thread whose loop is closed may take to end by itself, in ms: users may have left handles open. */
const EXIT_GRACE_MS = 250;

type LoopWorkerState = 'starting' | 'running' | 'closing' | 'ended';

const GROUP_ENTRY = new URL('./group-entry.cjs', import.meta.url);
const GROUP_WORKER = new URL('./loop-worker-main.js', import.meta.url);

/** The workers that this thread has spawned and that have not ended. */
const living = new Set<LoopWorker>();

/** One worker thread and its loop, from start to end, as the thread that spawned it sees them. */
export class LoopWorker {
  readonly ref: LoopRef;
  /** Resolves when the loop runs and is set up. Rejects with what its setup threw, or with PeerExitedError. */
  readonly ready: Promise<void>;
  /** Resolves when the thread has ended and that was posted to all threads. */
  readonly ended: Promise<LoopWorkerEnd>;
  /** Null: the worker could not be made, and has ended before it began. */
  readonly #worker: Worker | null;
  readonly #memory: InboxMemory;
  readonly #threadId: number;
  readonly #beforeTerminate: (threadId: number) => void;
  readonly #siblings: GroupPorts;
  readonly #ready = promiseWithResolvers<void>();
  readonly #ended = promiseWithResolvers<LoopWorkerEnd>();
  #state: LoopWorkerState = 'starting';
  /** The error that ended the thread, as Node reports it: without its class. */
  #thrown: { readonly value: unknown } | null = null;
  /** The same error as the thread has sent it, with its class. Node's report may come first. */
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
    this.ready.catch(() => undefined); // spawn() awaits all workers, and learns of the first failure
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
    sharedBlockedThreads(); // first: the worker inherits them
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
    this.#threadId = worker.threadId; // read it now: the worker does not know it after its end
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

  /** How much work it has for other threads: see InboxMemory.outstanding(). */
  outstanding(): number {
    return this.#memory.outstanding();
  }

  /**
   * Closes the loop: drains it, cancels what is left, and terminates the thread if it does not end. A second call can
   * only make the deadlines earlier.
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

  /**
   * Called before its thread, and the threads that it has spawned, are ended by force: by `terminate()`, or because
   * this thread ends.
   */
  prepareTermination(): void {
    for (const threadId of [this.#threadId, ...spawnedBy(this.#threadId)]) this.#beforeTerminate(threadId);
  }

  #killIn(ms: number): void {
    const killer = setTimeout(() => this.#kill(), Math.min(ms, LONGEST_TIMER_MS));
    const earlier = this.#deadline;
    if (earlier === null) this.#deadline = killer;
    // Both timers run: the earlier one ends the thread, and then the later one finds nothing to do.
    else void this.ended.then(() => clearTimeout(killer));
  }

  #kill(): void {
    if (this.#state === 'ended' || this.#terminated) return;
    this.#terminated = true;
    this.prepareTermination();
    void this.#worker?.terminate(); // 'exit' says when it has ended
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

  /** Ends a worker that could not be started: calls into its loop fail, and `ready` rejects. */
  #endUnborn(error: Error): void {
    this.#state = 'ended';
    this.#memory.abandon();
    this.#ready.reject(error);
    this.#ended.resolve({ exitCode: 1, error, closed: false, drained: null, terminated: false });
  }

  #exited(code: number): void {
    // If the loop was closed in order, only handles that users had left open had to be ended by force.
    const exitCode = this.#closed && this.#terminated ? 0 : code;
    this.#state = 'ended';
    living.delete(this);
    this.#siblings.leave(this.#threadId + 1);
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    const thrown = this.#told ?? this.#thrown;
    // A thread can be refused what it needs after it was made: then it has run nothing.
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

/** Stands for the id of a thread that could not be started. */
const NO_THREAD = -1;

/** Catches what Node throws. Node throws at once, and then has started nothing. */
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

let preparesAtExit = isMainThread; // when the main thread ends, net takes care of all threads

function rememberLiving(member: LoopWorker): void {
  living.add(member);
  if (preparesAtExit) return;
  preparesAtExit = true;
  process.once('exit', () => {
    for (const each of living) each.prepareTermination(); // Node ends the workers of a worker that ends
  });
}
