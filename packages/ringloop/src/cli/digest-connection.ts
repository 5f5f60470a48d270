import type { Future } from '@ringloop/core';
import type { Protocol, StreamTransport } from '@ringloop/net';
import { type Answer, encodeAnswer } from './answer.js';
import type { Compressor } from './compressor.js';
import { Digestion } from './digestion.js';
import { ProtocolError } from './errors.js';
import { RequestParser } from './request.js';

export interface DigestConnectionOptions {
  readonly compressor: Compressor;
  /** Called for each file, before its answer is sent. */
  readonly onFile: (answer: Answer) => void;
}

/** The serving end of a connection. Whatever a peer does wrong costs it the connection, and nobody else anything. */
export class DigestConnection implements Protocol {
  readonly #compressor: Compressor;
  readonly #onFile: (answer: Answer) => void;
  readonly #parser: RequestParser;
  /** Files that are not answered yet, in the order of their requests. The last one may still be coming in. */
  readonly #digestions: Digestion[] = [];
  #transport: StreamTransport | null = null;
  #answersPileUp = false;
  #peerIsDone = false;

  constructor({ compressor, onFile }: DigestConnectionOptions) {
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
      this.#transport?.abort(); // not even worth a message: anybody can send anything
      return;
    }
    this.#regulate();
  }

  /** A peer that has sent its last request still wants the answers; one that is gone mid-file does not. */
  eofReceived(): boolean {
    this.#peerIsDone = true;
    return this.#digestions.length > 0 && !this.#parser.isMidRequest;
  }

  connectionLost(): void {
    this.#transport = null;
    this.#digestions.length = 0; // blocks being compressed come back to nobody
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
      throw thrown; // the executor's own trouble: the loop's exception handler tells
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

  /** Reads only while there is room for what comes of it. */
  readonly #regulate = (): void => {
    if (this.#compressor.isFull) this.#compressor.whenRoom(this.#regulate);
    if (this.#compressor.isFull || this.#answersPileUp) this.#transport?.pauseReading();
    else this.#transport?.resumeReading();
  };
}
