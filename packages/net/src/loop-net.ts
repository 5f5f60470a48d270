import { inspect } from 'node:util';
import { type BaseEventLoop, LoopStateError } from '@ringloop/core';
import { TransportStateError } from './errors.js';
import { Selector } from './selector/selector.js';

/** The most bytes that are read at a time; as in CPython (256 KiB). */
const RECV_BYTES = 262_144;

/** Something with a descriptor that the loop gives back when it is closed. */
export interface Abandonable {
  /** Closes the descriptor and calls nobody. */
  abandon(): void;
}

/** What the sockets of one loop share. Users cannot reach it. */
export class LoopNet {
  readonly selector: Selector;
  /** The transports by their descriptors. */
  readonly transports = new Map<number, object>();
  readonly #open = new Set<Abandonable>();
  #recvBuffer: Buffer | null = null;
  #closed = false;

  /** @param onReplaced called when the selector has made another epoll descriptor */
  constructor(onReplaced: () => void) {
    this.selector = new Selector(onReplaced);
  }

  /** One buffer for all reads of this loop: data is copied out of it before the next read. */
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

/** A loop with sockets. All functions of this package take this type, so that they need not know the loop's class. */
export type NetLoop = BaseEventLoop & { readonly [NET]: LoopNet };
