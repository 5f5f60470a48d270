import type net from 'node:net';
import { AF_UNIX } from '../libc/linux-abi.js';
import { EAGAIN } from '../libc/syscalls.js';
import type { HandleSelector } from '../node-handles/handle-selector.js';
import { HandleStream } from '../node-handles/handle-stream.js';
import type { PipeEnd } from '../pipes/pipe-file.js';

const NOTHING = new Uint8Array(0);

/** Our end of a pipe that node:child_process has made: a socket of Node's. */
export class HandleEnd implements PipeEnd {
  readonly kind = 'pipe';
  readonly #stream: HandleStream;

  constructor(selector: HandleSelector, socket: net.Socket) {
    this.#stream = new HandleStream(selector, AF_UNIX, socket, { sockname: '', peername: '' });
    // When the child ends, Node reads and drops what is left in its pipes, unless somebody listens.
    if (socket.readable) this.#stream.watched('reader');
  }

  fileno(): number {
    return this.#stream.fileno();
  }

  get failure(): number {
    const result = this.#stream.trySend(NOTHING);
    return result < 0 && result !== -EAGAIN ? -result : 0;
  }

  tryRead(buffer: Uint8Array): number {
    return this.#stream.tryRecvInto(buffer);
  }

  tryWrite(data: Uint8Array): number {
    return this.#stream.trySend(data);
  }

  close(): void {
    this.#stream.close();
  }
}
