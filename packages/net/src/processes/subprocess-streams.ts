import type { BaseEventLoop } from '@ringloop/core';
import { FLOW, StreamFlow } from '../streams/stream-flow.js';
import { StreamReader } from '../streams/stream-reader.js';
import { SERVES, StreamWriter, UPGRADED } from '../streams/stream-writer.js';
import type { SubprocessProtocol } from './subprocess-protocol.js';
import type { SubprocessTransport } from './subprocess-transport.js';

/** The protocol under a Process: it makes streams of the pipes. CPython: SubprocessStreamProtocol. */
export class SubprocessStreams implements SubprocessProtocol {
  /** Who waits for stdin. */
  readonly [FLOW]: StreamFlow;
  readonly #limit: number;
  readonly #open = new Set<number>();
  readonly #stdinProtocol;
  #stdin: StreamWriter | null = null;
  #stdout: StreamReader | null = null;
  #stderr: StreamReader | null = null;
  #transport: SubprocessTransport | null = null;
  #hasExited = false;

  /** @param limit of the readers, in bytes */
  constructor(loop: BaseEventLoop, limit: number) {
    this[FLOW] = new StreamFlow(loop);
    this.#limit = limit;
    // No pipe can be encrypted: startTls() refuses it.
    this.#stdinProtocol = { [FLOW]: this[FLOW], [SERVES]: false, [UPGRADED]: () => undefined };
  }

  get stdin(): StreamWriter | null {
    return this.#stdin;
  }

  get stdout(): StreamReader | null {
    return this.#stdout;
  }

  get stderr(): StreamReader | null {
    return this.#stderr;
  }

  connectionMade(transport: SubprocessTransport): void {
    this.#transport = transport;
    this.#stdout = this.#readerOf(transport, 1);
    this.#stderr = this.#readerOf(transport, 2);
    const stdin = transport.getPipeTransport(0);
    if (stdin !== null) this.#stdin = new StreamWriter(stdin, this.#stdinProtocol);
  }

  pipeDataReceived(fd: number, data: Buffer): void {
    this.#reader(fd)?.feedData(data);
  }

  pipeConnectionLost(fd: number, exc: Error | null): void {
    if (fd === 0) {
      this.#stdin?.close();
      this[FLOW].lost(exc);
      return;
    }
    if (exc === null) this.#reader(fd)?.feedEof();
    else this.#reader(fd)?.setException(exc);
    this.#open.delete(fd);
    this.#maybeClose();
  }

  processExited(): void {
    this.#hasExited = true;
    this.#maybeClose();
  }

  pauseWriting(): void {
    this[FLOW].pause();
  }

  resumeWriting(): void {
    this[FLOW].resume();
  }

  /** The pipes are lost before, unless stdin was none. */
  connectionLost(exc: Error | null): void {
    if (this[FLOW].state !== 'lost') this[FLOW].lost(exc);
  }

  #readerOf(transport: SubprocessTransport, fd: 1 | 2): StreamReader | null {
    const pipe = transport.getPipeTransport(fd);
    if (pipe === null) return null;
    const reader = new StreamReader({ limit: this.#limit, loop: this[FLOW].loop });
    reader.setTransport(pipe);
    this.#open.add(fd);
    return reader;
  }

  #reader(fd: number): StreamReader | null {
    return fd === 1 ? this.#stdout : fd === 2 ? this.#stderr : null;
  }

  /** Nothing can come any more, except that a grandchild has stdin. */
  #maybeClose(): void {
    if (this.#open.size === 0 && this.#hasExited) this.#transport?.close();
  }
}
