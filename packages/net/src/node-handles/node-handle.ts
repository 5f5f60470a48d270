import { NoEpollError } from '../errors.js';
import { EBADF } from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import type { Direction } from '../selector/loop-selector.js';
import { HandleOptions } from './handle-options.js';
import type { HandleSelector, Selectable } from './handle-selector.js';

/** What Node's handles have in common: a number under which the selector knows them until they are closed, and options. */
export abstract class NodeHandle implements Selectable {
  protected readonly selector: HandleSelector;
  protected readonly options: HandleOptions;
  /** -1 once it is closed. */
  #number: number;

  /** @param type as of a socket, such as SOCK_STREAM */
  protected constructor(selector: HandleSelector, type: number) {
    this.selector = selector;
    this.options = new HandleOptions(type);
    this.#number = selector.register(this);
  }

  abstract isReady(direction: Direction): boolean;

  fileno(): number {
    return this.#number;
  }

  /** @throws {NoEpollError} ERR_NO_EPOLL */
  dup(): never {
    throw new NoEpollError("Cannot duplicate the descriptor of Node's own handle");
  }

  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void {
    this.checkOpen('setsockopt');
    this.options.set(level, name, value);
  }

  getsockopt(level: number, name: number): number;
  getsockopt(level: number, name: number, bytes: number): Buffer;
  getsockopt(level: number, name: number, bytes?: number): number | Buffer {
    this.checkOpen('getsockopt');
    return bytes === undefined ? this.options.get(level, name) : this.options.bytes(level, name, bytes);
  }

  protected get isClosed(): boolean {
    return this.#number === -1;
  }

  /** @throws {SystemError} EBADF */
  protected checkOpen(syscall: string): void {
    if (this.isClosed) throw systemError(syscall, EBADF);
  }

  /** Something has happened: the loop must look. */
  protected touch(): void {
    if (!this.isClosed) this.selector.touch(this.#number);
  }

  /** The handle is closed from now on. False: it was closed before. */
  protected tryUnregister(): boolean {
    if (this.isClosed) return false;
    const number = this.#number;
    this.#number = -1;
    this.selector.unregister(number);
    return true;
  }
}
