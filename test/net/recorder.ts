import type { Future } from '@ringloop/core';
import type { Protocol, SelectorEventLoop, Transport } from '@ringloop/net';

type State = 'initial' | 'connected' | 'eof' | 'closed';

export interface RecorderOptions {
  readonly name?: string;
  /** Where to write what happens; several protocols may share one. */
  readonly log?: string[];
  readonly keepOpen?: boolean;
  readonly onMade?: (transport: Transport) => void;
  readonly onData?: (data: Buffer, transport: Transport) => void;
}

/** A protocol that writes down what it is told, and insists on the legal order. CPython: MyBaseProto of test_events. */
export class Recorder implements Protocol {
  readonly log: string[];
  readonly made: Future<Transport>;
  readonly ended: Future<undefined>;
  readonly lost: Future<Error | null>;
  readonly chunks: Buffer[] = [];
  state: State = 'initial';
  byteCount = 0;
  readonly #loop: SelectorEventLoop;
  readonly #options: RecorderOptions;
  #wanted: { bytes: number; future: Future<undefined> }[] = [];

  constructor(loop: SelectorEventLoop, options: RecorderOptions = {}) {
    this.#loop = loop;
    this.#options = options;
    this.log = options.log ?? [];
    this.made = loop.createFuture<Transport>();
    this.ended = loop.createFuture<undefined>();
    this.lost = loop.createFuture<Error | null>();
  }

  get transport(): Transport {
    return this.made.result();
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

  connectionMade(transport: Transport): void {
    this.#step(['initial'], 'connected', 'made');
    this.#options.onMade?.(transport);
    this.made.setResult(transport);
  }

  dataReceived(data: Buffer): void {
    this.#step(['connected'], 'connected', `data ${data.length > 20 ? data.length : data.toString()}`);
    this.chunks.push(data);
    this.byteCount += data.length;
    this.#options.onData?.(data, this.transport);
    for (const { bytes, future } of this.#wanted) {
      if (this.byteCount >= bytes && !future.done()) future.setResult(undefined);
    }
  }

  eofReceived(): boolean {
    this.#step(['connected'], 'eof', 'eof');
    this.ended.setResult(undefined);
    return this.#options.keepOpen === true;
  }

  connectionLost(exc: Error | null): void {
    this.#step(
      ['connected', 'eof'],
      'closed',
      `lost ${exc === null ? 'null' : ((exc as { code?: string }).code ?? exc.message)}`,
    );
    this.lost.setResult(exc);
  }

  pauseWriting(): void {
    this.#note('pause');
  }

  resumeWriting(): void {
    this.#note('resume');
  }

  #step(from: State[], to: State, event: string): void {
    if (!from.includes(this.state)) throw new Error(`${event} in state ${this.state}`);
    this.state = to;
    this.#note(event);
  }

  #note(event: string): void {
    const { name } = this.#options;
    this.log.push(name === undefined ? event : `${name} ${event}`);
  }
}
