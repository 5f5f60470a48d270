import type { BaseEventLoop, Future } from '@ringloop/core';
import type { Protocol, StreamTransport } from '@ringloop/net';
import { type Answer, AnswerParser } from './answer.js';
import { encodeHeader } from './request.js';
import type { Uplink } from './uplink.js';

/** The client's end of a connection: one request at a time. */
export class ClientConnection implements Protocol, Uplink {
  readonly #loop: BaseEventLoop;
  readonly #parser = new AnswerParser();
  readonly #lost: Future<undefined>;
  #transport: StreamTransport | null = null;
  /** Set while the system takes no more bytes. */
  #room: Future<undefined> | null = null;
  /** Set while `receive()` waits for the answer. If the answer comes first, `#arrived` keeps it. */
  #awaited: Future<Answer> | null = null;
  #arrived: Answer | null = null;

  constructor(loop: BaseEventLoop) {
    this.#loop = loop;
    this.#lost = loop.createFuture();
  }

  connectionMade(transport: StreamTransport): void {
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    const answer = this.#parser.push(data);
    if (answer === null) return;
    if (this.#awaited?.done() === false) this.#awaited.setResult(answer);
    else this.#arrived = answer;
    this.#awaited = null;
  }

  connectionLost(exc: Error | null): void {
    this.#transport = null;
    for (const waiting of [this.#room, this.#awaited]) {
      if (waiting?.done() === false) waiting.setException(lost(exc));
    }
    this.#lost.setResult(undefined);
  }

  pauseWriting(): void {
    this.#room = this.#loop.createFuture();
  }

  resumeWriting(): void {
    if (this.#room?.done() === false) this.#room.setResult(undefined);
    this.#room = null;
  }

  async begin(bytes: number): Promise<void> {
    await this.send(encodeHeader(bytes));
  }

  async send(chunk: Uint8Array): Promise<void> {
    if (this.#transport === null) throw lost(null);
    this.#transport.write(chunk);
    if (this.#room !== null) await this.#room;
  }

  async receive(): Promise<Answer> {
    const answer = this.#arrived;
    this.#arrived = null;
    if (answer !== null) return answer;
    if (this.#transport === null) throw lost(null);
    this.#awaited = this.#loop.createFuture();
    return this.#awaited;
  }

  async close(): Promise<void> {
    this.#transport?.close();
    await this.#lost;
  }
}

function lost(cause: Error | null): Error {
  return new Error('The connection was lost', { cause });
}
