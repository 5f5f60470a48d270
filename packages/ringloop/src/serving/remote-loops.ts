import { threadId } from 'node:worker_threads';
import type { TimerHandle } from '@ringloop/core';
import { toError } from '@ringloop/core/internal';
import type {
  DetachedConnection,
  SelectorEventLoop,
  Socket,
  SocketAddress,
  TlsCallOptions,
} from '@ringloop/net';
import { connectionOf, type RemoteClients } from '@ringloop/net/internal';
import { type LoopGroup, type LoopRef, RingFullError } from '@ringloop/threadsafe';
import { isUnreachable, type RemoteId } from '@ringloop/threadsafe/internal';
import { add, load } from '#atomics';
import type { Distribute } from './distribute.js';
import type { HostKind } from './make-host.js';
import type { ListeningSpec } from './open-listener.js';
import {
  closeStationClients,
  drainStation,
  endStation,
  listenInStation,
  OPEN,
  openStation,
  SERVED,
  STATION_BYTES,
  stationReady,
  takeConnection,
} from './station.js';

/** What a loop of the group has done for a server. */
export interface ServingStatistics {
  /** The index of the loop in its group. */
  readonly index: number;
  readonly name: string;
  /** Connections that it has now, also those on their way to it. */
  readonly connections: number;
  /** Connections that it has had. A loop that was restarted begins at 0. */
  readonly served: number;
}

export interface RemoteLoopsOptions {
  readonly kind: HostKind;
  readonly factory: RemoteId;
  /** How connections are encrypted. */
  readonly tls: TlsCallOptions | null;
  readonly distribute: Distribute;
  /** The sockets that the loops accept connections of, if they do it themselves. */
  readonly listening: readonly ListeningSpec[];
  readonly backlog: number;
}

/** Seconds until a connection is offered again that no loop could take. Arbitrary: a loop restarts in about that time. */
const RETRY_DELAY = 0.05;

let made = 0;

/** A loop of the group that serves. */
interface Branch {
  readonly index: number;
  readonly ref: LoopRef;
  /** Shared with the station, see station.ts. */
  readonly words: Int32Array;
}

/** The loops of a group, as the server sees them that they serve. */
export class RemoteLoops implements RemoteClients {
  readonly accept: boolean;
  readonly #id = `${threadId}-${++made}`;
  readonly #loop: SelectorEventLoop;
  readonly #group: LoopGroup;
  readonly #options: RemoteLoopsOptions;
  readonly #branches = new Map<number, Branch>();
  readonly #unsubscribe: () => void;
  /** Where a connection was sent. */
  readonly #sentTo = new WeakMap<DetachedConnection, Branch>();
  /** Connections that no loop could take. */
  #parked: DetachedConnection[] = [];
  #retry: TimerHandle | null = null;
  #next = 0;
  #state: 'idle' | 'serving' | 'stopped' = 'idle';
  #listening: Promise<unknown> = Promise.resolve();

  constructor(loop: SelectorEventLoop, group: LoopGroup, options: RemoteLoopsOptions) {
    this.#loop = loop;
    this.#group = group;
    this.#options = options;
    this.accept = options.distribute === 'shared' || options.distribute === 'reuse-port';
    this.#unsubscribe = group.whenRestarted((ref) => this.#restarted(ref));
  }

  get size(): number {
    let open = 0;
    for (const { words } of this.#branches.values()) open += load(words, OPEN);
    return open;
  }

  /**
   * Opens a station in each loop. Loops that have ended are left out. Rejects with the first error if the factory cannot be
   * imported or fails, or if there is no loop; then no station is left.
   */
  async open(): Promise<void> {
    try {
      const refs = this.#group.loops.map((ref, index) => ({ ref, index }));
      const outcomes = await Promise.allSettled(refs.map(({ ref, index }) => this.#open(ref, index)));
      const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
      const failed = failures.find(({ reason }) => !isUnreachable(reason)) ?? failures[0];
      if (failed !== undefined && (!isUnreachable(failed.reason) || failures.length === refs.length)) {
        throw failed.reason;
      }
    } catch (thrown) {
      this.stop();
      await this.whenEmpty().catch((exception: unknown) => {
        const message = 'What a loop had opened for a server that failed could not be closed';
        this.#loop.callExceptionHandler({ message, exception: toError(exception) });
      });
      throw thrown;
    }
  }

  start(): void {
    this.#state = 'serving';
    if (!this.accept) return;
    this.#listening = Promise.all([...this.#branches.values()].map((branch) => this.#listen(branch)));
    this.#listening.catch(() => undefined); // told to whoever waits for it
  }

  async started(): Promise<void> {
    await this.#listening;
  }

  take(sock: Socket, peername: SocketAddress | string): boolean {
    return this.#give(connectionOf(sock, peername, this.#returned));
  }

  stop(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#unsubscribe();
    this.#retry?.cancel();
    for (const connection of this.#parked) connection.close();
    this.#parked = [];
    this.#tellAll((ref) => ref.callSoonThreadsafe(endStation, this.#id));
  }

  closeClients(): void {
    this.#tellAll((ref) => ref.callSoonThreadsafe(closeStationClients, this.#id, false));
  }

  abortClients(): void {
    this.#tellAll((ref) => ref.callSoonThreadsafe(closeStationClients, this.#id, true));
  }

  async whenEmpty(): Promise<void> {
    await this.#askAll(async ({ ref }) => ref.runCoroutineThreadsafe(drainStation, this.#id));
  }

  statistics(): readonly ServingStatistics[] {
    return [...this.#branches.values()]
      .sort((a, b) => a.index - b.index)
      .map(({ index, ref, words }) => ({
        index,
        name: ref.name,
        connections: load(words, OPEN),
        served: load(words, SERVED),
      }));
  }

  async #open(ref: LoopRef, index: number): Promise<Branch> {
    const { kind, factory, tls } = this.#options;
    const branch: Branch = { index, ref, words: new Int32Array(new SharedArrayBuffer(STATION_BYTES)) };
    ref.callSoonThreadsafe(openStation, { id: this.#id, kind, factory, tls, index }, branch.words);
    this.#branches.set(index, branch); // now: calls from here on come after the opening
    try {
      await ref.runCoroutineThreadsafe(stationReady, this.#id);
      return branch;
    } catch (thrown) {
      if (isUnreachable(thrown)) this.#lost(branch);
      throw thrown;
    }
  }

  async #listen({ ref }: Branch): Promise<void> {
    const { listening, backlog } = this.#options;
    await ref.runCoroutineThreadsafe(listenInStation, this.#id, listening, backlog);
  }

  /** A new loop serves in place of one that has died. */
  #restarted(ref: LoopRef): void {
    const index = this.#group.loops.findIndex((each) => each.equals(ref));
    if (index === -1 || this.#state === 'stopped') return;
    const serve = async (): Promise<void> => {
      const branch = await this.#open(ref, index);
      if (this.accept && this.#state === 'serving') await this.#listen(branch);
    };
    serve().catch((thrown: unknown) => {
      if (isUnreachable(thrown) || this.#loop.isClosed()) return; // it has died again
      this.#branches.delete(index);
      const message = `Loop "${ref.name}" was restarted, but cannot serve`;
      this.#loop.callExceptionHandler({ message, exception: toError(thrown) });
    });
  }

  /** False: no loop can take it now, so it waits. */
  #give(connection: DetachedConnection): boolean {
    for (const branch of this.#inOrder()) {
      add(branch.words, OPEN, 1);
      try {
        branch.ref.callSoonThreadsafe(takeConnection, this.#id, connection);
        this.#sentTo.set(connection, branch);
        return true;
      } catch (thrown) {
        add(branch.words, OPEN, -1);
        if (isUnreachable(thrown)) this.#lost(branch);
        else if (!(thrown instanceof RingFullError)) {
          connection.close();
          throw thrown;
        }
      }
    }
    this.#park(connection);
    return false;
  }

  #inOrder(): Branch[] {
    const branches = [...this.#branches.values()];
    if (branches.length === 0) return branches;
    const first = this.#next++ % branches.length;
    const inTurn = [...branches.slice(first), ...branches.slice(0, first)];
    if (this.#options.distribute !== 'least-busy') return inTurn;
    return inTurn
      .map((branch) => ({ branch, open: load(branch.words, OPEN) }))
      .sort((a, b) => a.open - b.open) // stable: those that have equally many come in turn
      .map(({ branch }) => branch);
  }

  #lost(branch: Branch): void {
    if (this.#branches.get(branch.index) === branch) this.#branches.delete(branch.index);
  }

  readonly #returned = (connection: DetachedConnection): void => {
    const branch = this.#sentTo.get(connection);
    if (branch !== undefined) add(branch.words, OPEN, -1);
    this.#park(connection);
  };

  #park(connection: DetachedConnection): void {
    if (this.#state === 'stopped' || this.#group.isClosing) {
      connection.close();
      return;
    }
    this.#parked.push(connection);
    this.#retry ??= this.#loop.callLater(RETRY_DELAY, () => {
      this.#retry = null;
      const parked = this.#parked;
      this.#parked = [];
      for (const each of parked) this.#give(each);
    });
  }

  /** Calls into all loops. Those that are gone have no connections any more. */
  #tellAll(tell: (ref: LoopRef) => unknown): void {
    for (const { ref } of this.#branches.values()) {
      try {
        tell(ref);
      } catch (thrown) {
        if (!isUnreachable(thrown)) throw thrown;
      }
    }
  }

  async #askAll(ask: (branch: Branch) => Promise<void>): Promise<void> {
    const asked = [...this.#branches.values()].map(async (branch) => {
      try {
        await ask(branch);
      } catch (thrown) {
        if (!isUnreachable(thrown)) throw thrown;
      }
    });
    await Promise.all(asked);
  }
}
