import type { Future } from '@ringloop/core';
import { TransportStateError } from '../errors.js';
import type { NetLoop } from '../loop-net.js';
import type { ConnectedSocket } from '../sockets/socket-like.js';

/** The method of a transport that returns its sole sender. Users cannot reach it. */
export const SEND_ALONE: unique symbol = Symbol('send alone');

/** What a transport lets its sole sender do. */
export interface SenderAccess {
  readonly sock: ConnectedSocket;
  /** Bytes in the write buffer. */
  bufferSize(): number;
  /** Whether flow control has asked for a pause. */
  isPaused(): boolean;
  /** Tells the protocol what flow control asks for. */
  tellFlow(method: 'pauseWriting' | 'resumeWriting'): void;
  /** Calls `onWritable()` once the write buffer is empty and the socket can be written. */
  watchWriter(): void;
  /** Undoes `watchWriter()`, unless the write buffer needs it. */
  unwatchWriter(): void;
  /** What the transport's own `write()` does. */
  write(data: Uint8Array): void;
  /** Others may write again. */
  released(): void;
}

type Wait = 'writable' | 'resumed';

/**
 * While it has a transport, nobody else can write there: what it sends past the write buffer must stay in one piece. It is told when the
 * transport ends, whatever ends it. Python: _empty_waiter, and _SendfileFallbackProtocol.
 */
export class SoleSender {
  readonly #loop: NetLoop;
  readonly #access: SenderAccess;
  #waiting: { readonly wait: Wait; readonly future: Future<undefined> } | null = null;
  #end: Error | null = null;
  /** What the protocol was told last, while it is told nothing; null while it is told all. */
  #toldToPause: boolean | null = null;

  constructor(loop: NetLoop, access: SenderAccess) {
    this.#loop = loop;
    this.#access = access;
  }

  get sock(): ConnectedSocket {
    return this.#access.sock;
  }

  /** Resolves when all is sent that was written before. Rejects as `writable()`. */
  async flushed(): Promise<void> {
    this.#check();
    if (this.#access.bufferSize() > 0) await this.writable();
  }

  /**
   * Resolves when the write buffer is empty and the socket can be written.
   * @throws {SystemError} which has broken the connection
   * @throws {TransportStateError} ERR_TRANSPORT_CLOSING when the transport is closed on this side
   */
  async writable(): Promise<void> {
    this.#check();
    const done = this.#wait('writable');
    this.#access.watchWriter();
    try {
      await done;
    } finally {
      this.#waiting = null;
      this.#access.unwatchWriter();
    }
  }

  /** From now on this sender is told of flow control, and not the protocol, which sees no change until `release()`. */
  takeFlow(): void {
    this.#toldToPause = this.#access.isPaused();
  }

  /** Resolves when flow control does not ask for a pause. Rejects as `writable()`. */
  async resumed(): Promise<void> {
    this.#check();
    if (!this.#access.isPaused()) return;
    try {
      await this.#wait('resumed');
    } finally {
      this.#waiting = null;
    }
  }

  /** Sends `data`, or buffers what the system does not take now. */
  write(data: Uint8Array): void {
    this.#access.write(data);
  }

  /** Gives the transport back. The protocol is told if flow control has changed its mind meanwhile. */
  release(): void {
    this.#access.released();
    const isPaused = this.#access.isPaused();
    const wasPaused = this.#toldToPause ?? isPaused;
    this.#toldToPause = null;
    if (this.#end === null && isPaused !== wasPaused)
      this.#access.tellFlow(isPaused ? 'pauseWriting' : 'resumeWriting');
  }

  /** For the transport: the write buffer is empty, and the socket can be written. */
  onWritable(): void {
    this.#wake('writable');
  }

  /** For the transport: flow control asks for something. False: the protocol shall be told. */
  onFlow(method: 'pauseWriting' | 'resumeWriting'): boolean {
    if (this.#toldToPause === null) return false;
    if (method === 'resumeWriting') this.#wake('resumed');
    return true;
  }

  /** For the transport: nothing can be sent any more. @param exc null: it is closed on this side */
  onEnd(exc: Error | null): void {
    this.#end ??=
      exc ??
      new TransportStateError(
        'Cannot go on with sendfile: the transport is closing',
        'ERR_TRANSPORT_CLOSING',
      );
    const future = this.#waiting?.future;
    if (future?.done() === false) future.setException(this.#end);
  }

  #check(): void {
    if (this.#end !== null) throw this.#end;
  }

  #wait(wait: Wait): Future<undefined> {
    const future = this.#loop.createFuture<undefined>();
    this.#waiting = { wait, future };
    return future;
  }

  #wake(wait: Wait): void {
    if (this.#waiting?.wait === wait && !this.#waiting.future.done())
      this.#waiting.future.setResult(undefined);
  }
}
