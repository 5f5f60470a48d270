/**
 * The part of a server that is in a loop of a group: it serves connections that the server's own loop has accepted, or
 * accepts some itself. The server's loop asks by calls; those of one thread arrive in order, so a connection never comes
 * before its station, nor after the end of it.
 *
 *   word    written by                                          meaning
 *   OPEN    who accepts adds 1, the station subtracts 1         connections of the station, also those on their way
 *   SERVED  the station adds 1                                  connections that it has had
 */
import { inspect } from 'node:util';
import { getRunningLoop, LoopStateError } from '@ringloop/core';
import { toError } from '@ringloop/core/internal';
import {
  type DetachedConnection,
  SelectorEventLoop,
  Socket,
  type SocketAddress,
  type TlsCallOptions,
} from '@ringloop/net';
import { type Listener, NET, type OnConnection } from '@ringloop/net/internal';
import { remote } from '@ringloop/threadsafe';
import { importRemote, type RemoteId } from '@ringloop/threadsafe/internal';
import { add } from '#atomics';
import { type ListeningSpec, openListener } from './open-listener.js';
import { makeHost, type HostKind } from './make-host.js';
import type { StationHost } from './station-host.js';

export const OPEN = 0;
export const SERVED = 1;
export const STATION_BYTES = 8;

/** What a station must know. It is sent as it is. */
export interface StationSpec {
  /** Names the server in the whole process. */
  readonly id: string;
  readonly kind: HostKind;
  /** Makes what serves the connections. */
  readonly factory: RemoteId;
  /** How connections are encrypted. */
  readonly tls: TlsCallOptions | null;
  /** The index of the loop in its group. */
  readonly index: number;
}

const stations = new Map<string, Station>();

class Station {
  /** Rejects when the module cannot be imported or the factory throws. */
  readonly ready: Promise<void>;
  readonly #id: string;
  readonly #loop: SelectorEventLoop;
  readonly #words: Int32Array;
  readonly #listeners: Listener[] = [];
  readonly #stopping = new AbortController();
  #host: StationHost | null = null;
  #failed = false;
  /** Connections that came before the host was ready. */
  #waiting: DetachedConnection[] = [];
  #drained: Promise<void> | null = null;

  constructor(spec: StationSpec, words: Int32Array) {
    this.#id = spec.id;
    this.#loop = runningSelectorLoop();
    this.#loop[NET].checkEpoll('createServer() with a group');
    this.#words = words;
    this.ready = this.#open(spec);
    this.ready.catch(() => undefined); // told to whoever waits for it
    this.#loop[NET].opened(this, 'server');
  }

  async #open({ kind, factory, tls, index }: StationSpec): Promise<void> {
    try {
      const made = await importRemote(factory);
      const parts = { loop: this.#loop, tls, index, signal: this.#stopping.signal, onGone: this.#gone };
      this.#host = await makeHost(kind, made, parts);
    } catch (thrown) {
      this.#failed = true;
      throw thrown;
    } finally {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const connection of waiting) this.take(connection);
    }
  }

  take(connection: DetachedConnection): void {
    if (this.#failed) {
      connection.close();
      this.#gone();
    } else if (this.#host === null) this.#waiting.push(connection);
    else this.#serve(this.#host, connection);
  }

  async listen(specs: readonly ListeningSpec[], backlog: number): Promise<void> {
    await this.ready;
    const host = this.#host;
    if (host === null || this.#drained !== null) return;
    const onConnection: OnConnection = (sock, peername) => {
      if (!(sock instanceof Socket)) return; // never: the loop has epoll
      add(this.#words, OPEN, 1);
      this.#accept(host, sock, peername);
    };
    for (const spec of specs) this.#listeners.push(openListener(this.#loop, spec, { backlog, onConnection }));
  }

  closeClients(aborted: boolean): void {
    if (aborted) this.#host?.abortClients();
    else this.#host?.closeClients();
  }

  /** Accepts no more. Resolves when the last connection is gone. */
  drain(): Promise<void> {
    return (this.#drained ??= this.#drain());
  }

  /** For `loop.resources()`. */
  [inspect.custom](): string {
    return `<Station ${this.#id} listening=${this.#listeners.length}>`;
  }

  /** Called when the loop is closed. */
  abandon(): void {
    for (const { sock } of this.#listeners) sock.close();
  }

  async #drain(): Promise<void> {
    this.#stopping.abort();
    for (const listener of this.#listeners) listener.close();
    await this.ready.catch(() => undefined); // those that wait for the host are closed by now
    this.#loop[NET].closed(this);
    await this.#host?.drain();
    stations.delete(this.#id); // if it has failed, it stays until it is asked
  }

  #serve(host: StationHost, connection: DetachedConnection): void {
    let sock: Socket;
    let peername: SocketAddress | string | null;
    try {
      const released = connection.release();
      sock = released.sock;
      peername = released.facts.peername;
    } catch (thrown) {
      // The server's loop still has it, counts it no more here, and tries another loop.
      const message = 'A connection could not be taken from the loop that has accepted it';
      this.#loop.callExceptionHandler({ message, exception: toError(thrown) });
      return;
    }
    this.#accept(host, sock, peername);
  }

  #accept(host: StationHost, sock: Socket, peername: SocketAddress | string | null): void {
    add(this.#words, SERVED, 1);
    host.accept(sock, peername);
  }

  readonly #gone = (): void => {
    add(this.#words, OPEN, -1);
  };
}

/** Opens a station. Whether it could is told by `stationReady()`. */
export const openStation = remote(
  import.meta.url,
  function openStation(spec: StationSpec, words: Int32Array): void {
    stations.set(spec.id, new Station(spec, words));
  },
);

export const stationReady = remote(import.meta.url, async function stationReady(id: string): Promise<void> {
  await stations.get(id)?.ready;
});

/** The connection is closed if the station is not there any more. */
export const takeConnection = remote(
  import.meta.url,
  function takeConnection(id: string, connection: DetachedConnection): void {
    const station = stations.get(id);
    if (station === undefined) connection.close();
    else station.take(connection);
  },
);

/** Lets the station accept connections itself. */
export const listenInStation = remote(
  import.meta.url,
  async function listenInStation(
    id: string,
    specs: readonly ListeningSpec[],
    backlog: number,
  ): Promise<void> {
    await stations.get(id)?.listen(specs, backlog);
  },
);

export const closeStationClients = remote(
  import.meta.url,
  function closeStationClients(id: string, aborted: boolean): void {
    stations.get(id)?.closeClients(aborted);
  },
);

/** Accepts no more, and ends the station with its last connection. */
export const endStation = remote(import.meta.url, function endStation(id: string): void {
  stations
    .get(id)
    ?.drain()
    .catch(() => undefined); // `drainStation()` tells
});

/** As `endStation()`. Done when the last connection is gone. Rejects with what an HTTP application throws when it is closed. */
export const drainStation = remote(import.meta.url, async function drainStation(id: string): Promise<void> {
  try {
    await stations.get(id)?.drain();
  } finally {
    stations.delete(id);
  }
});

function runningSelectorLoop(): SelectorEventLoop {
  const loop = getRunningLoop();
  if (loop instanceof SelectorEventLoop) return loop;
  throw new LoopStateError('The running event loop has no sockets', 'ERR_NO_RUNNING_LOOP');
}
