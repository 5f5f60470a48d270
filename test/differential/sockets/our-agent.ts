import { setTimeout as delay } from 'node:timers/promises';
import { CancelledError, type Task } from '@ringloop/core';
import { isError } from '@ringloop/core/internal';
import {
  type BufferedProtocol,
  type DatagramTransport,
  type Protocol,
  type SelectorEventLoop,
  type Server,
  SO_LINGER,
  SO_RCVBUF,
  SO_SNDBUF,
  type SocketAddress,
  SOL_SOCKET,
  type Transport,
  TransportStateError,
  type TransportSocket,
} from '@ringloop/net';
import { TestFile } from '../../net/sendfile/test-file.js';
import type {
  Act,
  Address,
  Agent,
  Answer,
  Command,
  Place,
  Reaction,
  SideOptions,
  SocketEvent,
} from './program.js';

const QUIET = 3; // looks in a row without an event; the twin is in sockets.py
const RST = Buffer.from(new Int32Array([1, 0]).buffer);

class Boom extends Error {}

/** One side of each connection, on our event loop; what it does is what sockets.py does. */
export class OurAgent implements Agent {
  readonly #loop: SelectorEventLoop;
  #events: (string | number | boolean | null)[][] = [];
  #server: Server | null = null;
  #transport: Transport | null = null;
  #datagrams: DatagramTransport | null = null;
  #address: Place | null = null;
  #reactions: Reaction[] = [];
  #keepOpen = false;
  #ended = false;
  #sending: Task<void> | null = null;
  /** Who has sent the last datagram. */
  #sender: Address | null = null;

  constructor(loop: SelectorEventLoop) {
    this.#loop = loop;
  }

  /** Notes what the loop reports or warns of; the agents of one loop share it. */
  note(...event: SocketEvent): void {
    const last = this.#events.at(-1);
    if (event[0] === 'data' && last?.[0] === 'data') last[1] = Number(last[1]) + Number(event[1]);
    else this.#events.push([...event]);
  }

  async command(command: Command): Promise<Answer> {
    if (command.kind === 'listen' || command.kind === 'connect' || command.kind === 'bind') {
      this.#reactions = [...command.reactions];
      this.#keepOpen = command.keepOpen;
      await this[command.kind](command.at);
    } else if (command.kind === 'cancelConnect') await this.#cancelConnect(command.at);
    else if (command.kind === 'do')
      await this.#inCallback(() => command.acts.forEach((act) => this.#act(act)));
    else if (command.kind === 'end') await this.#end(command.pause);
    await this.#settle(command.pause);
    const events = this.#events;
    this.#events = [];
    return { events, address: this.#address };
  }

  async listen(at: Place): Promise<void> {
    if ('path' in at) {
      this.#server = await this.#loop.createUnixServer(() => this.#stream(), at);
      this.#address = at;
    } else {
      this.#server = await this.#loop.createServer(() => this.#stream(), at);
      this.#address = toAddress(this.#server.sockets?.[0]?.getsockname());
    }
  }

  async connect(at: Place): Promise<void> {
    try {
      await this.#connecting(at);
    } catch (thrown) {
      this.note('rejects', codeOf(thrown));
    }
  }

  async bind(at: Place): Promise<void> {
    if ('path' in at) throw new Error('Only datagrams of UDP are compared');
    await this.#loop.createDatagramEndpoint(() => this.#endpoint(), {
      localAddr: { host: at.host, port: at.port },
      remoteAddr: at.remote ?? null,
    });
    this.#address = toAddress(this.#datagrams?.getExtraInfo('sockname'));
  }

  #connecting(at: Place): PromiseLike<unknown> {
    return 'path' in at
      ? this.#loop.createUnixConnection(() => this.#stream(), at)
      : this.#loop.createConnection(() => this.#stream(), { host: at.host, port: at.port });
  }

  async #cancelConnect(at: Place): Promise<void> {
    const task = this.#loop.createTask(async () => {
      await this.#connecting(at);
    });
    task.cancel();
    try {
      await task;
    } catch (thrown) {
      if (!(thrown instanceof CancelledError)) throw thrown;
      this.note('cancelled');
    }
  }

  /** Where asyncio's acts run, too: between two other callbacks of the loop. */
  async #inCallback(body: () => void): Promise<void> {
    const done = this.#loop.createFuture<undefined>();
    this.#loop.callSoon(() => {
      body();
      done.setResult(undefined);
    });
    await done;
  }

  async #settle(pause: number): Promise<void> {
    for (let quiet = 0; quiet < QUIET;) {
      const before = JSON.stringify(this.#events);
      await delay(pause * 1000);
      quiet = JSON.stringify(this.#events) === before ? quiet + 1 : 0;
    }
  }

  async #end(pause: number): Promise<void> {
    this.#server?.close();
    this.#sending?.cancel();
    await Promise.allSettled([this.#sending]);
    this.#sending = this.#sender = null;
    this.#transport?.abort();
    this.#datagrams?.abort();
    await this.#settle(pause);
    this.#server = this.#transport = this.#datagrams = this.#address = null;
    this.#reactions = [];
    this.#keepOpen = false;
    this.#ended = false;
  }

  #act(act: Act): void {
    if (act[0] === 'raise') throw new Boom('Boom');
    try {
      if (this.#transport !== null) this.#actOnStream(this.#transport, act);
      if (this.#datagrams !== null) this.#actOnDatagrams(this.#datagrams, act);
    } catch (thrown) {
      if (isError(thrown) && 'syscall' in thrown) this.note('raises', codeOf(thrown));
      else this.note('raises');
    }
  }

  #actOnStream(transport: Transport, [name, value]: Act): void {
    switch (name) {
      case 'write':
        return transport.write(Buffer.alloc(value));
      case 'writelines':
        return transport.writelines([Buffer.alloc(value), Buffer.alloc(0), Buffer.alloc(value)]);
      case 'writeText':
        return transport.write('text' as unknown as Uint8Array); // what JavaScript may do
      case 'writeEof':
        return transport.writeEof();
      case 'close':
        return transport.close();
      case 'abort':
        return transport.abort();
      case 'reset':
        transport.getExtraInfo('socket').setsockopt(SOL_SOCKET, SO_LINGER, RST);
        return transport.abort();
      case 'pause':
        if (!this.#ended) transport.pauseReading();
        return;
      case 'resume':
        if (!this.#ended) transport.resumeReading();
        return;
      case 'limits':
        transport.setWriteBufferLimits({ high: value });
        return this.note('limits', ...transport.getWriteBufferLimits());
      case 'sendfile':
        this.#sending = this.#loop.createTask(() => this.#sendfile(transport, value));
        return;
      case 'lend':
        return transport.setProtocol(this.#lender(value));
      case 'plain':
        return transport.setProtocol(this.#stream());
      case 'query':
        this.note('is', transport.isClosing(), transport.getWriteBufferSize() === 0);
        if (!this.#ended) this.note('reads', transport.isReading());
        return;
      case 'closeServer':
        this.#server?.close();
        if (this.#server !== null) this.note('serving', this.#server.isServing());
    }
  }

  async #sendfile(
    transport: Transport,
    [size, offset, count]: readonly [number, number, number | null],
  ): Promise<void> {
    using file = new TestFile(Buffer.alloc(size));
    let result: number | string | null;
    try {
      result = await this.#loop.sendfile(transport, file, { offset, count });
    } catch (thrown) {
      if (thrown instanceof CancelledError) throw thrown;
      if (thrown instanceof TransportStateError) {
        this.note('sends no file');
        return;
      }
      result = codeOf(thrown);
    }
    this.note('sent', result, file.position);
  }

  #actOnDatagrams(transport: DatagramTransport, [name, value]: Act): void {
    switch (name) {
      case 'send':
        return transport.sendto(Buffer.alloc(value));
      case 'sendText':
        return transport.sendto('text' as unknown as Uint8Array); // what JavaScript may do
      case 'sendTo':
        return transport.sendto(Buffer.alloc(value[0]), value[1]);
      case 'reply':
        if (this.#sender !== null) transport.sendto(Buffer.alloc(value), this.#sender);
        return;
      case 'close':
        return transport.close();
      case 'abort':
        return transport.abort();
      case 'limits':
        transport.setWriteBufferLimits({ high: value });
        return this.note('limits', ...transport.getWriteBufferLimits());
      case 'query':
        this.note('is', transport.isClosing(), transport.getWriteBufferSize() === 0);
    }
  }

  #react(on: Reaction['on']): void {
    const at = this.#reactions.findIndex((reaction) => reaction.on === on);
    const [reaction] = at === -1 ? [] : this.#reactions.splice(at, 1);
    reaction?.acts.forEach((act) => this.#act(act));
  }

  #stream(): Protocol {
    return {
      ...this.#ends(),
      dataReceived: (data: Buffer): void => {
        this.note('data', data.length);
        this.#react('data');
      },
    };
  }

  #lender(bytes: number): BufferedProtocol {
    const room = Buffer.alloc(Math.max(bytes, 0));
    let hasLent = false; // it may be asked without data: the first time counts
    return {
      ...this.#ends(),
      getBuffer: (): Buffer => {
        if (!hasLent) this.note('lends');
        hasLent = true;
        if (bytes < 0) throw new Boom('Boom');
        return room;
      },
      bufferUpdated: (count: number): void => {
        this.note('data', count);
        this.#react('data');
      },
    };
  }

  /** What both kinds of protocols have. */
  #ends() {
    return {
      connectionMade: (transport: Transport): void => {
        this.#transport = transport;
        setBuffers(transport.getExtraInfo('socket'));
        this.note('made');
        this.#react('made');
      },
      eofReceived: (): boolean => {
        this.note('eof');
        this.#ended = true;
        this.#react('eof');
        return this.#keepOpen;
      },
      connectionLost: (exc: Error | null): void => {
        this.note('lost', codeOf(exc));
        this.#react('lost');
      },
      pauseWriting: (): void => {
        this.note('pause');
        this.#react('pause');
      },
      resumeWriting: (): void => {
        this.note('resume');
        this.#react('resume');
      },
    };
  }

  #endpoint() {
    return {
      connectionMade: (transport: DatagramTransport): void => {
        this.#datagrams = transport;
        this.note('made');
        this.#react('made');
      },
      datagramReceived: (data: Buffer, from: SocketAddress | string): void => {
        this.#sender = toAddress(from);
        this.note('datagram', data.length);
        this.#react('data');
      },
      errorReceived: (error: Error): void => {
        this.note('error', codeOf(error));
        this.#react('error');
      },
      connectionLost: (exc: Error | null): void => {
        this.note('lost', codeOf(exc));
        this.#react('lost');
      },
    };
  }
}

/** Of one size, so that what the system takes does not depend on how it has tuned them; not so small that it sends in trickles. */
function setBuffers(sock: TransportSocket): void {
  sock.setsockopt(SOL_SOCKET, SO_SNDBUF, 65_536);
  sock.setsockopt(SOL_SOCKET, SO_RCVBUF, 200_000);
}

function toAddress(from: SocketAddress | string | null | undefined): Address {
  const { address, port } = from as SocketAddress; // of TCP or UDP
  return { host: address, port };
}

function codeOf(thrown: unknown): string | null {
  if (thrown === null) return null;
  if (thrown instanceof Boom) return 'Boom';
  if (isError(thrown) && 'code' in thrown && thrown.code === 'ERR_INVALID_RETURN_VALUE')
    return 'RuntimeError';
  return isError(thrown) && 'code' in thrown ? String(thrown.code) : 'Error';
}

export type { SideOptions };
