import type { Handle } from '@ringloop/core';
import { systemError } from '../libc/system-error.js';
import { EBADF } from '../libc/syscalls.js';
import type { Direction, LoopSelector } from '../selector/loop-selector.js';

/** The first number of a handle: beyond a C int, so that no descriptor has it. */
export const FIRST_NUMBER = 2 ** 31;

/** One of Node's handles, as its selector sees it. */
export interface Selectable {
  /** Whether a call in this direction would not have to wait, or fails. */
  isReady(direction: Direction): boolean;
  /** Somebody begins to wait. For those to whom it makes a difference: Node receives and accepts by itself. */
  watched?(direction: Direction): void;
}

interface Watch {
  reader: Handle | null;
  writer: Handle | null;
}

/**
 * Does for Node's handles what epoll does for descriptors. Node calls us whenever it likes; then a handle is only noted here, with
 * `touch()`. In libuv's check phase, when all events of its poll are known, the loop takes one turn and collects them. As with epoll,
 * what is ready stays ready until it is read or written, and a loop that does not run hears of nothing.
 */
export class HandleSelector implements LoopSelector {
  readonly fd = -1;
  readonly #onEvents: () => void;
  readonly #handles = new Map<number, Selectable>();
  readonly #watches = new Map<number, Watch>();
  /** Handles that may be ready: something has happened to them, or they were ready when they were last asked. */
  readonly #touched = new Set<number>();
  #nextNumber = FIRST_NUMBER;
  #running = false;
  #immediate: NodeJS.Immediate | null = null;

  /** @param onEvents called outside of iterations while the loop runs, when there is something to collect */
  constructor(onEvents: () => void) {
    this.#onEvents = onEvents;
  }

  get watching(): boolean {
    return this.#watches.size > 0;
  }

  /** Whether the loop runs, and so will deal with what arrives. */
  get running(): boolean {
    return this.#running;
  }

  start(): void {
    this.#running = true;
    this.#lookAgain();
  }

  stop(): void {
    this.#running = false;
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#immediate = null;
  }

  /** Returns the number under which the handle is watched from now on. */
  register(handle: Selectable): number {
    const number = this.#nextNumber++;
    this.#handles.set(number, handle);
    return number;
  }

  unregister(number: number): void {
    this.unwatch(number, 'reader');
    this.unwatch(number, 'writer');
    this.#handles.delete(number);
    this.#touched.delete(number);
  }

  /** Something has happened to a handle. May be called at any time. */
  touch(number: number): void {
    if (!this.#watches.has(number)) return; // watch() looks for itself
    this.#touched.add(number);
    this.#lookAgain();
  }

  /** @throws {SystemError} EBADF when no handle has the number */
  watch(number: number, direction: Direction, handle: Handle): void {
    const selectable = this.#handles.get(number);
    if (selectable === undefined) throw systemError('poll', EBADF);
    const watch = this.#watches.get(number) ?? { reader: null, writer: null };
    watch[direction]?.cancel(); // it may be in the ready queue already
    watch[direction] = handle;
    this.#watches.set(number, watch);
    selectable.watched?.(direction);
    this.touch(number);
  }

  unwatch(number: number, direction: Direction): boolean {
    const watch = this.#watches.get(number);
    const handle = watch?.[direction];
    if (watch === undefined || handle == null) return false;
    handle.cancel();
    watch[direction] = null;
    if (watch.reader === null && watch.writer === null) this.#watches.delete(number);
    return true;
  }

  *watched(): Generator<readonly [number: number, direction: Direction, handle: Handle]> {
    for (const [number, { reader, writer }] of this.#watches) {
      if (reader !== null) yield [number, 'reader', reader];
      if (writer !== null) yield [number, 'writer', writer];
    }
  }

  collect(queue: (handle: Handle) => void): void {
    this.#eachReady(queue);
    this.#lookAgain();
  }

  close(): void {
    this.stop();
    this.#watches.clear();
    this.#touched.clear();
  }

  /** Referenced: libuv must not sleep before we have looked. */
  #lookAgain(): void {
    if (this.#running && this.#touched.size > 0) this.#immediate ??= setImmediate(this.#look);
  }

  readonly #look = (): void => {
    this.#immediate = null;
    let found = 0;
    this.#eachReady(() => found++);
    if (found > 0) this.#onEvents();
  };

  #eachReady(visit: (handle: Handle) => void): void {
    for (const number of this.#touched) {
      const selectable = this.#handles.get(number);
      const watch = this.#watches.get(number);
      const ready = (['reader', 'writer'] as const).flatMap((direction) => {
        const handle = watch?.[direction] ?? null;
        return handle !== null && selectable?.isReady(direction) === true ? [handle] : [];
      });
      if (ready.length === 0) this.#touched.delete(number);
      ready.forEach(visit);
    }
  }
}
