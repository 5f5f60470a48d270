import type { Future } from '@ringloop/core';
import type { Protocol, StreamTransport } from '@ringloop/net';
import { type Answer, encodeAnswer } from './answer.js';
import type { Compressor } from './compressor.js';
import { Digestion } from './digestion.js';
import { ProtocolError } from './errors.js';
import { RequestParser } from './request.js';
import type { ServiceParts } from './service-parts.js';

/** The server's end of a connection. A peer that does something wrong loses its connection; nobody else is affected. */
export class DigestConnection implements Protocol {
  readonly #compressor: Compressor;
  readonly #onFile: (answer: Answer) => void;
  readonly #parser: RequestParser;
  /** Files that are not answered yet, in the order of their requests. The last one may still be arriving. */
  readonly #digestions: Digestion[] = [];
  #transport: StreamTransport | null = null;
  #answersPileUp = false;
  #peerIsDone = false;

  constructor({ compressor, onFile }: ServiceParts) {
    this.#compressor = compressor;
    this.#onFile = onFile;
    this.#parser = new RequestParser({
      begin: (bytes) => this.#begin(bytes),
      data: (chunk) => this.#digestions.at(-1)?.data(chunk),
      end: () => this.#digestions.at(-1)?.end(),
    });
  }

  connectionMade(transport: StreamTransport): void {
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    try {
      this.#parser.push(data);
    } catch (thrown) {
      if (!(thrown instanceof ProtocolError)) throw thrown;
      this.#transport?.abort(); // no message: anybody can send anything
      return;
    }
    this.#regulate();
  }

  /**
   * Keeps the connection for the answers if the peer has sent complete requests. A peer that ends within a file gets
   * none.
   */
  eofReceived(): boolean {
    this.#peerIsDone = true;
    return this.#digestions.length > 0 && !this.#parser.isMidRequest;
  }

  connectionLost(): void {
    this.#transport = null;
    this.#digestions.length = 0; // #compressed() ignores blocks that come back later
  }

  pauseWriting(): void {
    this.#answersPileUp = true;
    this.#regulate();
  }

  resumeWriting(): void {
    this.#answersPileUp = false;
    this.#regulate();
  }

  #begin(bytes: number): void {
    const digestion: Digestion = new Digestion(bytes, (block) => {
      this.#compressor.compress(block).addDoneCallback((size) => this.#compressed(digestion, size));
    });
    this.#digestions.push(digestion);
  }

  #compressed(digestion: Digestion, size: Future<number>): void {
    if (this.#transport === null) return;
    try {
      digestion.blockCompressed(size.result());
    } catch (thrown) {
      this.#transport.abort();
      throw thrown; // the executor failed: the loop's exception handler reports it
    }
    this.#answer(this.#transport);
  }

  #answer(transport: StreamTransport): void {
    for (let next = this.#digestions[0]; next?.answer; next = this.#digestions[0]) {
      this.#onFile(next.answer);
      transport.write(encodeAnswer(next.answer));
      this.#digestions.shift();
    }
    if (this.#peerIsDone && this.#digestions.length === 0) transport.close();
  }

  /** Reads only while there is room for the blocks and the answers that follow. */
  readonly #regulate = (): void => {
    if (this.#compressor.isFull) this.#compressor.whenRoom(this.#regulate);
    if (this.#compressor.isFull || this.#answersPileUp) this.#transport?.pauseReading();
    else this.#transport?.resumeReading();
  };
}
