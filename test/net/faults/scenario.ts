import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Future } from '@ringloop/core';
import { isError } from '@ringloop/core/internal';
import {
  type BaseTransport,
  type DatagramProtocol,
  type DatagramTransport,
  type Protocol,
  SelectorEventLoop,
  type Server,
  type Socket,
  type SocketAddress,
  type Transport,
} from '@ringloop/net';

/** A loop whose seconds are short, and which remembers how long it was asked to wait. */
export class ShortSecondsLoop extends SelectorEventLoop {
  readonly delays: number[] = [];

  override callLater<A extends unknown[]>(
    delay: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): ReturnType<SelectorEventLoop['callLater']> {
    this.delays.push(delay);
    return super.callLater(delay / 500, callback, ...args);
  }
}

/** One run of a scenario: what its protocols were told, and what it has to clean up. */
export class Stage {
  readonly loop: ShortSecondsLoop;
  /** All errors that anybody was told: protocols, callers, the exception handler. */
  readonly told: unknown[] = [];
  readonly reports: string[] = [];
  readonly #log = new Map<string, string[]>();
  readonly #protocols: Actor[] = [];
  readonly #servers: Server[] = [];
  readonly #sockets: Socket[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'ringloop-faults-'));

  constructor(loop: ShortSecondsLoop) {
    this.loop = loop;
    loop.setExceptionHandler((_loop, context) => {
      this.reports.push(context.message ?? '');
      this.told.push(context.exception);
    });
  }

  /** What happened to each actor, in order; a stream of data counts as one event, however it arrived. */
  get log(): Record<string, string> {
    return Object.fromEntries([...this.#log].map(([actor, events]) => [actor, events.join(', ')]));
  }

  get path(): string {
    return join(this.#directory, 'socket');
  }

  note(actor: string, event: string): void {
    const events = this.#log.get(actor) ?? [];
    this.#log.set(actor, events);
    events.push(event);
  }

  noteData(actor: string, data: Uint8Array): void {
    const events = this.#log.get(actor) ?? [];
    this.#log.set(actor, events);
    const [, before] = /^data (\d+)$/.exec(events.at(-1) ?? '') ?? [];
    if (before !== undefined) events.pop();
    events.push(`data ${Number(before ?? 0) + data.byteLength}`);
  }

  actor(name: string, options: ActorOptions = {}): Actor {
    const made = new Actor(this, name, options);
    this.#protocols.push(made);
    return made;
  }

  serve(server: Server): Server {
    this.#servers.push(server);
    return server;
  }

  hold<S extends Socket>(sock: S): S {
    this.#sockets.push(sock);
    return sock;
  }

  /** Runs the scenario. What it rejects with is told, too; and all that it opened is given back. */
  async play(scenario: (stage: Stage) => Promise<void>): Promise<void> {
    try {
      await scenario(this);
    } catch (thrown) {
      if (!isError(thrown) || !('syscall' in thrown)) throw thrown;
      this.told.push(thrown);
    }
    for (const server of this.#servers) server.close();
    for (const protocol of this.#protocols) protocol.abort();
    for (const server of this.#servers) await server.waitClosed();
    for (const protocol of this.#protocols) if (protocol.isMade) await protocol.lost;
    for (const sock of this.#sockets) sock.close();
    rmSync(this.#directory, { recursive: true });
  }
}

export interface ActorOptions {
  readonly onMade?: (transport: Transport) => void;
  readonly onData?: (data: Buffer, actor: Actor) => void;
  readonly onDatagram?: (data: Buffer, address: SocketAddress | string, actor: Actor) => void;
  readonly keepOpen?: boolean;
  readonly onEof?: (transport: Transport) => void;
}

/** A protocol of streams or datagrams that writes down what happens to it. */
export class Actor implements Protocol, DatagramProtocol {
  readonly lost: Future<Error | null>;
  /** Resolves with the first datagram, error or end. */
  readonly heard: Future<undefined>;
  /** Resolves with the first error or end. */
  readonly failed: Future<undefined>;
  bytes = 0;
  readonly #stage: Stage;
  readonly #name: string;
  readonly #options: ActorOptions;
  #transport: BaseTransport | null = null;

  constructor(stage: Stage, name: string, options: ActorOptions) {
    this.#stage = stage;
    this.#name = name;
    this.#options = options;
    this.lost = stage.loop.createFuture<Error | null>();
    this.heard = stage.loop.createFuture<undefined>();
    this.failed = stage.loop.createFuture<undefined>();
  }

  get isMade(): boolean {
    return this.#transport !== null;
  }

  get stream(): Transport {
    return this.#transport as Transport; // of an actor of a stream
  }

  get datagrams(): DatagramTransport {
    return this.#transport as DatagramTransport; // of an actor of datagrams
  }

  abort(): void {
    const transport = this.#transport as { abort(): void } | null; // all of ours have it
    transport?.abort();
  }

  connectionMade(transport: BaseTransport): void {
    this.#transport = transport;
    this.#note('made');
    this.#options.onMade?.(this.stream);
  }

  dataReceived(data: Buffer): void {
    this.bytes += data.length;
    this.#stage.noteData(this.#name, data);
    this.#options.onData?.(data, this);
  }

  datagramReceived(data: Buffer, address: SocketAddress | string): void {
    this.#note(`datagram ${data.toString()}`);
    this.#options.onDatagram?.(data, address, this);
    settle(this.heard);
  }

  errorReceived(error: Error): void {
    this.#stage.told.push(error);
    this.#note('error');
    settle(this.heard);
    settle(this.failed);
  }

  eofReceived(): boolean {
    this.#note('eof');
    this.#options.onEof?.(this.stream);
    return this.#options.keepOpen === true;
  }

  connectionLost(exc: Error | null): void {
    this.#note(exc === null ? 'lost' : `lost ${exc.message}`);
    if (exc !== null) this.#stage.told.push(exc);
    this.lost.setResult(exc); // a second call would throw, and be reported
    settle(this.heard);
    settle(this.failed);
  }

  #note(event: string): void {
    this.#stage.note(this.#name, event);
  }
}

function settle(future: Future<undefined>): void {
  if (!future.done()) future.setResult(undefined);
}
