import { closeSync, writeSync } from 'node:fs';
import type { HandleSelector } from '../node-handles/handle-selector.js';
import { errnoOf } from '../node-handles/node-error.js';
import { NodeHandle } from '../node-handles/node-handle.js';
import { EBADF } from '../libc/syscalls.js';
import type { Direction } from '../selector/loop-selector.js';
import type { PipeEnd } from './pipe-file.js';

/** A device such as /dev/null, which Node has no handle for: it is written at once, as Node itself writes a standard output that is none. */
export class HandleDevice extends NodeHandle implements PipeEnd {
  readonly kind = 'device';
  readonly failure = 0;
  readonly #fd: number;

  constructor(selector: HandleSelector, fd: number) {
    super(selector, 0);
    this.#fd = fd;
  }

  isReady(direction: Direction): boolean {
    return direction === 'writer';
  }

  /** Never called: Node cannot tell when a device has something to read. */
  tryRead(): number {
    return -EBADF;
  }

  tryWrite(data: Uint8Array): number {
    try {
      return writeSync(this.#fd, data);
    } catch (thrown) {
      return -errnoOf(thrown as NodeJS.ErrnoException); // it throws nothing else
    }
  }

  tryWriteAll(pieces: readonly Uint8Array[]): number {
    return this.tryWrite(Buffer.concat(pieces));
  }

  close(): void {
    if (this.tryUnregister() && this.#fd > 2) closeSync(this.#fd);
  }
}
