import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Answer } from './answer.js';
import { ProtocolError } from './errors.js';
import { decodeHttpAnswer } from './http-answer.js';
import type { Uplink } from './uplink.js';

interface Exchange {
  readonly request: ClientRequest;
  readonly response: Promise<IncomingMessage>;
}

/** Sends files by HTTP, over one connection that is kept alive. */
export class HttpUplink implements Uplink {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #place: { readonly host: string; readonly port: number };
  #exchange: Exchange | null = null;

  constructor({ host, port }: { readonly host: string; readonly port: number }) {
    this.#place = { host, port };
  }

  begin(bytes: number): Promise<void> {
    const { host, port } = this.#place;
    const headers = { 'content-length': bytes, 'content-type': 'application/octet-stream' };
    const sent = request({ host, port, headers, agent: this.#agent, method: 'PUT', path: '/digest' });
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('response', resolve).on('error', reject);
    });
    response.catch(() => undefined); // send() or receive() tells it
    this.#exchange = { request: sent, response };
    return Promise.resolve();
  }

  async send(chunk: Uint8Array): Promise<void> {
    const { request: sent } = this.#current();
    if (!sent.write(Buffer.from(chunk))) await once(sent, 'drain');
  }

  async receive(): Promise<Answer> {
    const { request: sent, response } = this.#current();
    sent.end();
    const answer = await response;
    const body = await text(answer);
    if (answer.statusCode !== 200)
      throw new ProtocolError(`Cannot digest: the answer is ${answer.statusCode}, ${body}`);
    this.#exchange = null;
    return decodeHttpAnswer(body);
  }

  close(): Promise<void> {
    this.#exchange?.request.destroy();
    this.#exchange = null;
    this.#agent.destroy();
    return Promise.resolve();
  }

  #current(): Exchange {
    if (this.#exchange === null) throw new Error('Cannot send: no file was begun');
    return this.#exchange;
  }
}
