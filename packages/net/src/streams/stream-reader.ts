import { constants } from 'node:buffer';
import { inspect } from 'node:util';
import {
  type Awaitable,
  type BaseEventLoop,
  type CoroutineGenerator,
  getEventLoop,
  InvalidStateError,
} from '@ringloop/core';
import {
  Attempt,
  PENDING,
  rangeError,
  settled,
  startCoroutine,
  toError,
  typeError,
} from '@ringloop/core/internal';
import { IncompleteReadError, LimitOverrunError } from '../errors.js';
import { checkBytes } from '../sockets/bytes.js';
import { checkInt } from '../sockets/check-int.js';
import type { ReadTransport } from '../transports/transport.js';
import { ByteQueue } from './byte-queue.js';
import { Separators } from './separators.js';
import { DEFAULT_LIMIT, limitOf, type StreamLimit } from './stream-limit.js';

const LINE_FEED = new Separators(Buffer.from('\n'));

/** Options of a StreamReader. */
export interface StreamReaderOptions extends StreamLimit {
  /** The loop in which it is read; by default `getEventLoop()`. */
  readonly loop?: BaseEventLoop | null;
}

/** By this symbol the reader of a connection that is being encrypted gives what has come in so far: it belongs to the handshake. */
export const UPGRADE: unique symbol = Symbol('upgrade');

/** By this symbol a Duplex takes over what a reader has. */
export const HAND_OVER: unique symbol = Symbol('handOver');

/** The part of a transport that a reader uses. */
type Pausable = Pick<ReadTransport, 'pauseReading' | 'resumeReading'>;

/**
 * The bytes that come in on a connection, for tasks that wait for them. One call at a time may wait. A call that is cancelled takes
 * nothing: what has come in is there for the next one, except for `read()` until the end. The Buffers that it gives are the caller's;
 * they may be views of larger memory. Above 300 lines, because asyncio's reader has many methods. Python: asyncio.StreamReader.
 */
export class StreamReader implements AsyncIterable<Buffer> {
  readonly #loop: BaseEventLoop;
  readonly #limit: number;
  readonly #queue = new ByteQueue();
  /** How many bytes were ever taken out. If it changes, what was known of the queue is no longer true. */
  #taken = 0;
  #eof = false;
  #paused = false;
  #exception: Error | null = null;
  #transport: Pausable | null = null;
  /** The call that waits and has not been told yet that something has come in. */
  #waiter: Attempt<unknown> | null = null;

  /**
   * @throws {RangeError} when the limit is not above 0
   * @throws {TypeError} when the limit is no number
   * @throws {LoopStateError} ERR_NO_CURRENT_LOOP
   */
  constructor(options: StreamReaderOptions = {}) {
    this.#limit = limitOf(options);
    this.#loop = options.loop ?? getEventLoop();
  }

  /**
   * Reads up to `n` bytes, as soon as there is one. Without `n`, or when it is negative, reads until the end of the stream. Gives
   * nothing only at the end of the stream, or when `n` is 0. Python: StreamReader.read(). Rejects with
   * - the error with which the connection was lost;
   * - InvalidStateError when it must wait and another call is waiting;
   * - TypeError, RangeError when `n` is no integer.
   */
  read(n?: number | null): Awaitable<Buffer> {
    try {
      const count = n ?? -1;
      checkInt(count, 'n', { min: -Infinity, max: Infinity });
      this.#check();
      if (count < 0) return startCoroutine(this.#readAll(), this.#loop);
      if (count === 0 || this.#queue.size > 0 || this.#eof) return settled(this.#take(count));
      return this.#wait('read', () => (this.#queue.size > 0 || this.#eof ? this.#take(count) : PENDING));
    } catch (thrown) {
      return this.#rejected(thrown);
    }
  }

  /**
   * Reads a line with its `'\n'`. At the end of the stream, gives what is left: a line without `'\n'`, or nothing. Python:
   * StreamReader.readline(). Rejects as `read()`, and with RangeError ERR_LINE_TOO_LONG when the line is longer than the limit: if its
   * end was found the line is dropped, otherwise all that has come in.
   */
  readline(): Awaitable<Buffer> {
    try {
      this.#check();
      const found = this.#tryLine(0);
      return typeof found === 'number' ? this.#search((from) => this.#tryLine(from), found) : settled(found);
    } catch (thrown) {
      return this.#rejected(thrown);
    }
  }

  /**
   * Reads until a separator, and gives it as well. With several separators, it reads until the first place where any of them ends.
   * Python: StreamReader.readuntil(). Rejects as `read()`, and with
   * - IncompleteReadError when the stream ends before; `partial` has what was left;
   * - LimitOverrunError when there are more bytes than the limit before the separator, all of which stay to be read;
   * - RangeError, TypeError when there is no separator, or one is empty or no Uint8Array.
   */
  readuntil(separator?: Uint8Array | readonly Uint8Array[] | null): Awaitable<Buffer> {
    try {
      const separators = separator == null ? LINE_FEED : new Separators(separator);
      this.#check();
      const found = this.#tryUntil(separators, 0);
      return typeof found === 'number'
        ? this.#search((from) => this.#tryUntil(separators, from), found)
        : settled(found);
    } catch (thrown) {
      return this.#rejected(thrown);
    }
  }

  /**
   * Reads exactly `n` bytes, however many the limit is. Python: StreamReader.readexactly(). Rejects as `read()`, with RangeError when
   * `n` is negative, and with IncompleteReadError when the stream ends before; `partial` has what was left.
   */
  readexactly(n: number): Awaitable<Buffer> {
    try {
      if (n < 0) throw rangeError('readexactly size can not be less than zero');
      checkInt(n, 'n', { min: 0, max: constants.MAX_LENGTH });
      this.#check();
      const found = this.#tryExactly(n);
      return found === PENDING ? this.#wait('readexactly', () => this.#tryExactly(n)) : settled(found);
    } catch (thrown) {
      return this.#rejected(thrown);
    }
  }

  /**
   * Iterates over the lines, each with its `'\n'`, until the end of the stream: `for await (const line of reader)`. Leaving the loop
   * closes nothing. Throws as `readline()` rejects.
   */
  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return { next: () => this.#nextLine() };
  }

  /** Whether the stream has ended and everything was read. Python: StreamReader.at_eof(). */
  atEof(): boolean {
    return this.#eof && this.#queue.size === 0;
  }

  /** The error with which the connection was lost, or null. Python: StreamReader.exception(). */
  exception(): Error | null {
    return this.#exception;
  }

  /** Fails the call that waits and all later ones, for protocols. Python: StreamReader.set_exception(). */
  setException(exception: Error): void {
    this.#exception = toError(exception);
    this.#wakeUp(this.#exception);
  }

  /** Sets the transport that is paused while too much waits to be read, for protocols. Python: StreamReader.set_transport(). */
  setTransport(transport: Pausable): void {
    if (this.#transport !== null) throw new InvalidStateError('Transport already set');
    this.#transport = transport;
  }

  /** Says that the peer sends no more, for protocols. Python: StreamReader.feed_eof(). */
  feedEof(): void {
    this.#eof = true;
    this.#wakeUp();
  }

  /**
   * Adds what has come in, for protocols. The reader takes over the memory: do not change it from now on. Python:
   * StreamReader.feed_data().
   * @throws {InvalidStateError} after `feedEof()`
   * @throws {TypeError} when `data` is not a Uint8Array
   */
  feedData(data: Uint8Array): void {
    checkBytes(data);
    if (this.#eof) throw new InvalidStateError('feed_data after feed_eof');
    if (data.byteLength === 0) return;
    this.#queue.append(data);
    this.#wakeUp();
    if (this.#transport === null || this.#paused || this.#queue.size <= 2 * this.#limit) return;
    this.#transport.pauseReading();
    this.#paused = true;
  }

  /**
   * Gives what has come in to the new reader of the connection. Later reads fail.
   * @throws {InvalidStateError} when a call is waiting
   * @throws {TypeError} when it does not read from `transport`
   * @internal
   */
  [HAND_OVER](transport: Pausable): { readonly data: Buffer; readonly isEnded: boolean } {
    this.#check();
    if (this.#transport !== transport) {
      throw typeError('The reader and the writer must be those of one connection', 'ERR_INVALID_ARG_VALUE');
    }
    if (this.#isWaiting) throw new InvalidStateError('Cannot take over a reader: a task waits for it');
    const data = this.#queue.take(this.#queue.size);
    this.#exception = new InvalidStateError('Cannot read: the connection was taken over');
    return { data, isEnded: this.#eof };
  }

  /**
   * Gives what has come in, and reads on from the transport that `go` makes of it.
   * @throws {InvalidStateError} when a call is waiting
   * @internal
   */
  async [UPGRADE]<T extends Pausable>(go: (received: Buffer) => Promise<T>): Promise<T> {
    this.#check();
    if (this.#isWaiting)
      throw new InvalidStateError('Cannot encrypt the connection: a task waits for its reader');
    const received = this.#queue.take(this.#queue.size);
    this.#taken += received.byteLength;
    const transport = await go(received);
    this.#transport = transport;
    this.#paused = false;
    return transport;
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const shown = [
      'StreamReader',
      this.#queue.size > 0 ? `${this.#queue.size} bytes` : '',
      this.#eof ? 'eof' : '',
      this.#limit === DEFAULT_LIMIT ? '' : `limit=${this.#limit}`,
      this.#waiter === null ? '' : `waiter=${inspect(this.#waiter)}`,
      this.#exception === null ? '' : `exception=${this.#exception.name}: ${this.#exception.message}`,
      this.#transport === null ? '' : `transport=${inspect(this.#transport)}`,
      this.#paused ? 'paused' : '',
    ];
    return `<${shown.filter((part) => part !== '').join(' ')}>`;
  }

  /** @throws the error with which the connection was lost */
  #check(): void {
    if (this.#exception !== null) throw this.#exception;
  }

  #rejected(thrown: unknown): Awaitable<never> {
    return startCoroutine(fail(thrown), this.#loop);
  }

  #take(most: number): Buffer {
    const count = Math.min(most, this.#queue.size);
    const data = this.#queue.take(count);
    this.#taken += count;
    this.#maybeResume();
    return data;
  }

  #maybeResume(): void {
    if (this.#paused && this.#queue.size <= this.#limit) this.#resume();
  }

  #resume(): void {
    this.#paused = false;
    this.#transport?.resumeReading();
  }

  /** Whether a call waits. It does until its cancellation is thrown. */
  get #isWaiting(): boolean {
    return this.#waiter?.done() === false;
  }

  #wakeUp(failure: Error | null = null): void {
    this.#waiter?.tryAgain(failure);
    this.#waiter = null;
  }

  /** Makes the attempt whenever more has come in, or the stream has ended, until it gives something. */
  #wait<T>(name: string, attempt: () => T | typeof PENDING): Awaitable<T> {
    const wait = new Attempt(this.#loop, () => {
      const outcome = attempt();
      if (outcome === PENDING) this.#expect(wait, name); // another task has taken what this one was woken for
      return outcome;
    });
    this.#expect(wait, name);
    return wait;
  }

  /** Wakes `wait` when more has come in. @throws {InvalidStateError} when another call is waiting */
  #expect(wait: Attempt<unknown>, name: string): void {
    if (this.#isWaiting) {
      throw new InvalidStateError(
        `${name}() called while another coroutine is already waiting for incoming data`,
      );
    }
    this.#check(); // the connection may have been lost since this call was woken, and then nobody would wake it again
    // It may wait for more than the transport was paused for, and then nobody would ever resume it.
    if (this.#paused) this.#resume();
    this.#waiter = wait;
  }

  *#readAll(): CoroutineGenerator<Buffer> {
    // Take it as it comes, so that the transport need not be paused.
    const blocks: Buffer[] = [];
    for (;;) {
      if (this.#queue.size > 0) blocks.push(this.#take(this.#queue.size));
      if (this.#eof) break;
      yield* this.#wait('read', () => (this.#queue.size > 0 || this.#eof ? undefined : PENDING));
    }
    const [only] = blocks;
    return blocks.length === 1 && only !== undefined ? only : Buffer.concat(blocks);
  }

  #tryExactly(n: number): Buffer | typeof PENDING {
    if (this.#queue.size >= n) return this.#take(n);
    if (this.#eof) throw new IncompleteReadError(this.#take(this.#queue.size), n);
    return PENDING;
  }

  /** Repeats `attempt` with what comes in, until it finds something. @param from where the first one has left off */
  #search(attempt: (from: number) => Buffer | number, from: number): Awaitable<Buffer> {
    let taken = this.#taken;
    return this.#wait('readuntil', () => {
      const found = attempt(taken === this.#taken ? from : 0);
      if (typeof found !== 'number') return found;
      from = found;
      taken = this.#taken;
      return PENDING;
    });
  }

  /**
   * Looks for a separator from position `from` on. If there is none yet, returns from where to look when more has come in.
   * @throws {LimitOverrunError | IncompleteReadError}
   */
  #tryUntil(separators: Separators, from: number): Buffer | number {
    const { size } = this.#queue;
    if (size - from >= separators.shortest) {
      const found = separators.findIn(this.#queue, from);
      if (found !== null) {
        if (found.start <= this.#limit) return this.#take(found.end);
        throw new LimitOverrunError('Separator is found, but chunk is longer than limit', found.start);
      }
      from = Math.max(0, size + 1 - separators.longest); // the separator may have come in but for its last byte
      if (from > this.#limit) {
        throw new LimitOverrunError('Separator is not found, and chunk exceed the limit', from);
      }
    }
    if (this.#eof) throw new IncompleteReadError(this.#take(size), null);
    return from;
  }

  #tryLine(from: number): Buffer | number {
    try {
      return this.#tryUntil(LINE_FEED, from);
    } catch (thrown) {
      if (thrown instanceof IncompleteReadError) return thrown.partial;
      if (thrown instanceof LimitOverrunError) throw this.#dropLine(thrown);
      throw thrown;
    }
  }

  /** Drops a line that is too long, and returns the error that says so. */
  #dropLine(overrun: LimitOverrunError): Error {
    const { consumed } = overrun;
    const isEnded = this.#queue.indexOf(NEWLINE, consumed, consumed + 1) !== -1;
    this.#take(isEnded ? consumed + 1 : this.#queue.size);
    const { message } = overrun;
    return Object.assign(rangeError(message, 'ERR_LINE_TOO_LONG'), { cause: overrun });
  }

  #nextLine(): Awaitable<IteratorResult<Buffer, undefined>> {
    try {
      this.#check();
      const found = this.#tryLine(0);
      if (typeof found !== 'number') return settled(asStep(found));
      return startCoroutine(this.#lineStep(found), this.#loop);
    } catch (thrown) {
      return this.#rejected(thrown);
    }
  }

  *#lineStep(from: number): CoroutineGenerator<IteratorResult<Buffer, undefined>> {
    return asStep(yield* this.#search((now) => this.#tryLine(now), from));
  }
}

const NEWLINE = Buffer.from('\n');

/** Only at the end of the stream is a line empty. */
function asStep(line: Buffer): IteratorResult<Buffer, undefined> {
  return line.length === 0 ? { done: true, value: undefined } : { done: false, value: line };
}

// eslint-disable-next-line require-yield -- this coroutine fails before it waits
function* fail(error: unknown): CoroutineGenerator<never> {
  throw error;
}
