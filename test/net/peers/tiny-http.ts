import type { Protocol, Transport } from '@ringloop/net';

/** As much of HTTP/1.1 as a client that only asks needs: keep-alive, pipelining, `Connection: close`. */
export class TinyHttp implements Protocol {
  readonly #body: Buffer;
  #transport: Transport | null = null;
  #unread = '';

  constructor(body: string) {
    this.#body = Buffer.from(body);
  }

  connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    this.#unread += data.toString('latin1');
    for (let end = this.#unread.indexOf('\r\n\r\n'); end !== -1; end = this.#unread.indexOf('\r\n\r\n')) {
      const request = this.#unread.slice(0, end);
      this.#unread = this.#unread.slice(end + 4);
      const isLast = /^connection: *close/im.test(request);
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${this.#body.length}\r\n${isLast ? 'Connection: close\r\n' : ''}\r\n`;
      this.#transport?.writelines([Buffer.from(head), this.#body]);
      if (isLast) this.#transport?.close();
    }
  }
}
