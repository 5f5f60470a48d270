import { Handle } from '@ringloop/core';
import { isSystemError, type SystemError } from '../libc/system-error.js';
import { type Abandonable, type LoopNet, NET, type NetLoop } from '../loop-net.js';
import { FIRST_NUMBER } from '../node-handles/handle-selector.js';
import type { Direction, LoopSelector } from '../selector/loop-selector.js';

/** What has a descriptor, or one of Node's handles under a number of its own. */
export interface DescriptorOwner {
  fileno(): number;
  close(): void;
}

/** The descriptor of a transport: known to the loop, watched there, and closed once. */
export class OwnedDescriptor {
  readonly #loop: NetLoop;
  readonly #net: LoopNet;
  readonly #selector: LoopSelector;
  readonly #file: DescriptorOwner;
  /** Kept here, because the file has no number any more when it is unregistered. */
  readonly #fd: number;
  readonly #transport: Abandonable;

  constructor(loop: NetLoop, file: DescriptorOwner, transport: Abandonable) {
    this.#loop = loop;
    this.#net = loop[NET];
    this.#file = file;
    this.#fd = file.fileno();
    this.#selector = this.#net.selectorOf(this.#fd);
    this.#transport = transport;
    this.#net.transports.set(this.#fd, transport);
    this.#net.opened(transport);
  }

  /** The descriptor as `inspect()` shows it; nothing for Node's handles, which do not tell it. */
  get shown(): string {
    return this.#fd >= FIRST_NUMBER ? '' : ` fd=${this.#fd}`;
  }

  /** Returns why the system refuses to watch. Nothing would ever happen to the descriptor then. */
  watch(direction: Direction, callback: () => void): SystemError | null {
    try {
      this.#selector.watch(this.#fd, direction, new Handle(callback, [], this.#loop));
      return null;
    } catch (thrown) {
      if (!isSystemError(thrown)) throw thrown;
      return thrown;
    }
  }

  unwatch(direction: Direction): void {
    this.#selector.unwatch(this.#fd, direction);
  }

  /** The next owner of the number must find nothing of ours there. */
  unwatchAll(): void {
    this.unwatch('writer');
    this.unwatch('reader');
  }

  /** The file belongs to the transport no longer. It is not closed. */
  release(): void {
    this.unwatchAll();
    this.#net.transports.delete(this.#fd);
    this.#net.closed(this.#transport);
  }

  close(): void {
    this.release();
    this.#file.close();
  }

  /** The loop is closed, and has forgotten its transports. */
  abandon(): void {
    this.#file.close();
  }
}
