import fs from 'node:fs';
import { LateAnswer } from '../late-answer.js';
import * as sys from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import { NET, type NetLoop } from '../loop-net.js';
import { type FileLike, numberOf } from './file-like.js';

/**
 * The part of a file that is being sent. With epoll it has a descriptor of its own for the same open file: whoever closes the other one
 * meanwhile, this one never becomes the number of another file. Node's handles come without, so there the caller's is used.
 */
export class FilePart {
  /** Bytes sent so far. */
  sent = 0;
  readonly #loop: NetLoop;
  readonly #file: FileLike;
  readonly #offset: number;
  readonly #count: number;
  /** Null on Node's handles. */
  readonly #own: number | null;
  #isReading = false;
  #isClosed = false;

  /**
   * @param count Infinity for all to the end
   * @throws {SystemError} EBADF when the file is not open, EMFILE
   * @throws {TypeError} when it is no file
   * @throws {RangeError} when its number is none
   */
  constructor(loop: NetLoop, file: FileLike, { offset, count }: { offset: number; count: number }) {
    const fd = numberOf(file);
    this.#loop = loop;
    this.#file = file;
    this.#offset = offset;
    this.#count = count;
    this.#own = loop[NET].handles === null ? duplicate(fd) : null;
  }

  /** How many bytes may still be sent, Infinity for all to the end. */
  get left(): number {
    return this.#count - this.sent;
  }

  /** Where the next byte is, from the start of the file. */
  get at(): number {
    return this.#offset + this.sent;
  }

  get fd(): number {
    return this.#own ?? numberOf(this.#file);
  }

  /**
   * Reads what comes next into the start of `buffer`, and returns the number of bytes: 0 at the end of the file, or of the part. A
   * thread of libuv reads, so that a slow disk delays nobody.
   * @throws {SystemError} such as EIO, EISDIR; ESPIPE of a pipe, and of whatever else can only be read in order
   */
  async read(buffer: Uint8Array): Promise<number> {
    const length = Math.min(buffer.byteLength, this.left);
    if (length === 0) return 0;
    const answer = new LateAnswer<number>(this.#loop);
    this.#isReading = true;
    fs.read(this.fd, buffer, 0, length, this.at, (error, count) => {
      this.#isReading = false;
      if (this.#isClosed) this.#close(); // it was cancelled in the meantime
      if (error === null) answer.resolve(count);
      else answer.reject(error);
    });
    return answer.future;
  }

  /** Sets the file's position behind the last byte that was sent, if any was. Returns 0 or `-errno`. Node has no such call. */
  setPosition(): number {
    return this.sent === 0 || this.#own === null ? 0 : sys.seek(this.#own, this.at);
  }

  close(): void {
    this.#isClosed = true;
    if (!this.#isReading) this.#close();
  }

  #close(): void {
    if (this.#own !== null) sys.close(this.#own);
  }
}

function duplicate(fd: number): number {
  const own = sys.dup(fd);
  if (own < 0) throw systemError('dup', -own);
  return own;
}
