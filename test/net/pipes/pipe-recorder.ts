import type { Future } from '@ringloop/core';
import type { ReadTransport, SelectorEventLoop, WriteTransport } from '@ringloop/net';

type State = 'initial' | 'connected' | 'eof' | 'closed';

export interface PipeRecorderOptions {
  readonly name?: string;
  /** Where to write what happens; several protocols may share one. */
  readonly log?: string[];
}

/**
 * A protocol of either end of a pipe that writes down what it is told, and insists on the legal order. CPython: MyReadPipeProto and
 * MyWritePipeProto of test_events.
 */
export class PipeRecorder<T extends ReadTransport | WriteTransport = ReadTransport> {
  readonly log: string[];
  readonly made: Future<T>;
  readonly lost: Future<Error | null>;
  readonly chunks: Buffer[] = [];
  state: State = 'initial';
  byteCount = 0;
  readonly #loop: SelectorEventLoop;
  readonly #name: string | undefined;
  readonly #wanted: { bytes: number; future: Future<undefined> }[] = [];

  constructor(loop: SelectorEventLoop, { name, log = [] }: PipeRecorderOptions = {}) {
    this.#loop = loop;
    this.#name = name;
    this.log = log;
    this.made = loop.createFuture<T>();
    this.lost = loop.createFuture<Error | null>();
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  /** Resolves when this many bytes have come in. */
  async received(bytes: number): Promise<void> {
    if (this.byteCount >= bytes) return;
    const future = this.#loop.createFuture<undefined>();
    this.#wanted.push({ bytes, future });
    await future;
  }

  connectionMade(transport: ReadTransport | WriteTransport): void {
    this.#step(['initial'], 'connected', 'made');
    this.made.setResult(transport as T); // as the test has said
  }

  dataReceived(data: Buffer): void {
    this.#step(['connected'], 'connected', `data ${data.length > 20 ? data.length : data.toString()}`);
    this.chunks.push(data);
    this.byteCount += data.length;
    for (const { bytes, future } of this.#wanted)
      if (this.byteCount >= bytes && !future.done()) future.setResult(undefined);
  }

  eofReceived(): void {
    this.#step(['connected'], 'eof', 'eof');
  }

  pauseWriting(): void {
    this.#note('pause');
  }

  resumeWriting(): void {
    this.#note('resume');
  }

  connectionLost(exc: Error | null): void {
    const why = exc === null ? 'null' : ((exc as { code?: string }).code ?? exc.message);
    this.#step(['connected', 'eof'], 'closed', `lost ${why}`);
    this.lost.setResult(exc);
  }

  #step(from: State[], to: State, event: string): void {
    if (!from.includes(this.state)) throw new Error(`${event} in state ${this.state}`);
    this.state = to;
    this.#note(event);
  }

  #note(event: string): void {
    this.log.push(this.#name === undefined ? event : `${this.#name} ${event}`);
  }
}
