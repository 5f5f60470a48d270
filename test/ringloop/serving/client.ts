import {
  getRunningLoop,
  type Protocol,
  type Server,
  type SocketAddress,
  type StreamTransport,
} from 'ringloop';
import { openDescriptors } from '../../net/descriptors.js';

/** A client of a server whose first line is the name of the loop that serves it. */
export class Client implements Protocol {
  readonly lost = getRunningLoop().createFuture<Error | null>();
  #text = '';
  #wanted: { text: (all: string) => boolean; found: () => void } | null = null;
  #transport: StreamTransport | null = null;

  static async to(server: Server): Promise<Client> {
    const address = addressOf(server);
    const to = { host: address.address, port: address.port };
    const [, client] = await getRunningLoop().createConnection(() => new Client(), to);
    return client;
  }

  connectionMade(transport: StreamTransport): void {
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    this.#text += data.toString();
    this.#look();
  }

  connectionLost(exc: Error | null): void {
    this.lost.setResult(exc);
    this.#wanted?.found();
  }

  /** The name of the loop that serves it; '' when the connection was closed before. */
  async loopName(): Promise<string> {
    await this.#until((all) => all.includes('\n'));
    return this.#text.split('\n', 1).join('');
  }

  async echo(text: string): Promise<string> {
    await this.loopName();
    this.send(text);
    await this.#until((all) => all.endsWith(text));
    return this.#text.slice(this.#text.indexOf('\n') + 1);
  }

  send(text: string): void {
    this.#transport?.write(Buffer.from(text));
  }

  close(): void {
    this.#transport?.close();
  }

  async #until(text: (all: string) => boolean): Promise<void> {
    const found = getRunningLoop().createFuture<undefined>();
    this.#wanted = { text, found: () => (found.done() ? undefined : found.setResult(undefined)) };
    this.#look();
    if (this.lost.done()) this.#wanted.found();
    await found;
  }

  #look(): void {
    if (this.#wanted?.text(this.#text) === true) this.#wanted.found();
  }
}

export function addressOf(server: Server): SocketAddress {
  const address = server.sockets?.[0]?.getsockname();
  if (typeof address !== 'object') throw new Error('no address');
  return address;
}

/** Sockets of the process, as /proc names them. */
export function openSockets(): string[] {
  return [...openDescriptors().values()].filter((name) => name.startsWith('socket:'));
}

/** Lets `body` run, and waits until as many sockets are open as before. */
export async function leavingNoSockets(body: () => Promise<void>): Promise<void> {
  const before = openSockets().length;
  await body();
  for (let tries = 1000; openSockets().length > before; tries--) {
    if (tries === 0) throw new Error(`left open: ${openSockets().join(' ')}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
