import { inspect } from 'node:util';
import { type BaseEventLoop, LoopStateError } from '@ringloop/core';
import { TransportStateError } from './errors.js';
import { Selector } from './selector/selector.js';

/** Bytes read at a time, as in CPython (256 KiB). */
const RECV_BYTES = 262_144;

/** Something with a descriptor that the loop gives back when it is closed. */
export interface Abandonable {
  /** Closes the descriptor and calls nobody. */
  abandon(): void;
}

/** What the sockets of one loop share. Users get no hold of it. */
export class LoopNet {
  readonly selector: Selector;
  /** Descriptors that belong to a transport, and to which. */
  readonly transports = new Map<number, object>();
  readonly #open = new Set<Abandonable>();
  #recvBuffer: Buffer | null = null;
  #closed = false;

  /** `onReplaced` is told when the selector's epoll is another one. */
  constructor(onReplaced: () => void) {
    this.selector = new Selector(onReplaced);
  }

  /** One buffer for all reads of this thread: what was read is copied out before anybody else can read. */
  get recvBuffer(): Buffer {
    return (this.#recvBuffer ??= Buffer.allocUnsafeSlow(RECV_BYTES));
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

  opened(resource: Abandonable): void {
    this.#open.add(resource);
  }

  closed(resource: Abandonable): void {
    this.#open.delete(resource);
  }

  close(): void {
    this.#closed = true;
    this.selector.close();
    for (const resource of this.#open) resource.abandon();
    this.#open.clear();
    this.transports.clear();
  }
}

export const NET: unique symbol = Symbol('net');

/** A loop with sockets, as all functions of this package take it: they need not know the class. */
export type NetLoop = BaseEventLoop & { readonly [NET]: LoopNet };
