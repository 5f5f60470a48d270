import { inspect } from 'node:util';
import { type BaseEventLoop, type Handle, LoopStateError, type ResourceKind } from '@ringloop/core';
import { creationStack, type Owned, RESOURCES } from '@ringloop/core/internal';
import type { NetChoice } from './choose-net.js';
import { NoEpollError, TransportStateError } from './errors.js';
import { FIRST_NUMBER, HandleSelector } from './node-handles/handle-selector.js';
import { EpollPoll } from './selector/epoll-poll.js';
import type { LoopSelector } from './selector/loop-selector.js';
import { ReceiveSlab } from './receive-slab.js';
import { Selector } from './selector/selector.js';

/** Something with a descriptor that the loop gives back when it is closed. */
export interface Abandonable {
  /** Closes the descriptor and calls nobody. */
  abandon(): void;
}

/** How the loop lists an open thing. */
interface Listing {
  readonly kind: ResourceKind;
  readonly shown: object;
  readonly sourceTraceback: string | undefined;
}

/** What the sockets of one loop share. Users cannot reach it. */
export class LoopNet {
  readonly selector: LoopSelector;
  /** The selector of Node's handles, if those carry the sockets of this loop. Null: descriptors and epoll do. */
  readonly handles: HandleSelector | null;
  /** The transports by their descriptors. */
  readonly transports = new Map<number, object>();
  /** The descriptors of listening sockets, whose readers are the servers' own. */
  readonly listening = new Set<number>();
  /** Wakes the thread for what happens to the sockets, while the loop runs. */
  readonly poll: { start(): void; stop(): void };
  /** Why there is no epoll, if the loop did not ask to do without. */
  readonly #reason: Error | null;
  readonly #loop: BaseEventLoop;
  readonly #onEvents: () => void;
  /** Of the connections that Node carries though the loop has epoll: those with TLS. */
  #beside: HandleSelector | null = null;
  readonly #open = new Map<Abandonable, Listing>();
  #isRunning = false;
  #received: ReceiveSlab | null = null;
  #closed = false;

  /** @param onEvents called outside of iterations, when there are events to collect */
  constructor(loop: BaseEventLoop, { backend, reason }: NetChoice, onEvents: () => void) {
    this.#loop = loop;
    this.#reason = reason;
    this.#onEvents = onEvents;
    loop[RESOURCES].addKeeper(() => this.#resources());
    if (backend === 'libuv') {
      this.selector = this.poll = this.handles = new HandleSelector(onEvents);
      return;
    }
    const selector = new Selector(() => poll.replaced());
    const poll = new EpollPoll(selector, onEvents);
    this.selector = selector;
    this.poll = {
      start: () => {
        poll.start();
        this.#beside?.start();
        this.#isRunning = true;
      },
      stop: () => {
        poll.stop();
        this.#beside?.stop();
        this.#isRunning = false;
      },
    };
    this.handles = null;
  }

  /** Where all connections of this loop receive. */
  get received(): ReceiveSlab {
    return (this.#received ??= new ReceiveSlab());
  }

  /** The selector of Node's handles, also in a loop with epoll. */
  get nodeHandles(): HandleSelector {
    if (this.handles !== null) return this.handles;
    if (this.#beside === null) {
      this.#beside = new HandleSelector(this.#onEvents);
      if (this.#isRunning) this.#beside.start();
    }
    return this.#beside;
  }

  /** The selector that knows a descriptor, or one of Node's handles by its number. */
  selectorOf(fd: number): LoopSelector {
    return fd >= FIRST_NUMBER ? this.nodeHandles : this.selector;
  }

  /** Whether anything is watched. */
  get watching(): boolean {
    return this.selector.watching || this.#beside?.watching === true;
  }

  /** Passes the handles of all that is ready to `queue`. */
  collect(queue: (handle: Handle) => void): void {
    this.selector.collect(queue);
    this.#beside?.collect(queue);
  }

  /** @throws {LoopStateError} ERR_LOOP_CLOSED */
  checkOpen(): void {
    if (this.#closed) throw new LoopStateError('Event loop is closed', 'ERR_LOOP_CLOSED');
  }

  /** @throws {TransportStateError} ERR_FD_IN_TRANSPORT when a transport of the loop owns the descriptor, and so its reader and writer */
  checkFree(fd: number): void {
    const transport = this.transports.get(fd);
    if (transport === undefined) return;
    const message = `File descriptor ${fd} is used by transport ${inspect(transport)}`;
    throw new TransportStateError(message, 'ERR_FD_IN_TRANSPORT');
  }

  /**
   * @param what the name of a method that needs descriptors
   * @throws {NoEpollError} ERR_NO_EPOLL
   */
  checkEpoll(what: string): void {
    if (this.handles === null) return;
    const message =
      `Cannot use ${what}: this loop works on Node's own handles, without epoll. ` +
      'Use createConnection(), createServer() or createDatagramEndpoint()';
    throw new NoEpollError(message, this.#reason === null ? undefined : { cause: this.#reason });
  }

  /**
   * From now on the loop owns the resource: it is abandoned when the loop is closed, and `loop.resources()` lists it.
   * @param shown what names it there, if it does not show itself
   */
  opened(resource: Abandonable, kind: ResourceKind = 'transport', shown: object = resource): void {
    const sourceTraceback = this.#loop.getDebug() ? creationStack() : undefined;
    this.#open.set(resource, { kind, shown, sourceTraceback });
  }

  closed(resource: Abandonable): void {
    this.#open.delete(resource);
  }

  close(): void {
    this.#closed = true;
    this.selector.close();
    this.#beside?.close();
    for (const resource of this.#open.keys()) resource.abandon();
    this.#open.clear();
    this.transports.clear();
    this.listening.clear();
  }

  *#resources(): Generator<Owned> {
    yield* this.#open.values();
    if (this.handles !== null) return; // nobody but transports and servers watches Node's handles
    for (const [fd, direction, handle] of this.selector.watched()) {
      if (this.transports.has(fd) || this.listening.has(fd)) continue;
      const shown = `${direction} of fd ${fd}: ${inspect(handle)}`;
      yield { kind: 'watcher', shown, sourceTraceback: handle.sourceTraceback };
    }
  }
}

export const NET: unique symbol = Symbol('net');

/** A loop with sockets. All functions of this package take this type, so that they need not know the loop's class. */
export type NetLoop = BaseEventLoop & { readonly [NET]: LoopNet };
