import { inspect } from 'node:util';
import { type Awaitable, getRunningLoop } from '@ringloop/core';
import { checkTime, rangeError, startFunction, typeError } from '@ringloop/core/internal';
import { SelectorEventLoop, type Server, type SocketAddress, type TransportSocket } from '@ringloop/net';
import type { LoopGroup, RemoteFunction } from '@ringloop/threadsafe';
import { type DistributionOptions, openGroupServer } from './create-group-server.js';
import type { HttpContext, HttpHandlerResult } from './http-application.js';
import type { RemoteLoops, ServingStatistics } from './remote-loops.js';

/**
 * Makes the application of one loop: a reference to a function, made by `remote()` or `remoteModule()`, that may be async. It is
 * called once in each loop.
 */
export type HttpHandler =
  | RemoteFunction<[context: HttpContext], HttpHandlerResult | Promise<HttpHandlerResult>>
  | RemoteFunction<[], HttpHandlerResult | Promise<HttpHandlerResult>>;

/** Options of `serveHttp()`: where to listen, as those of `createServer()`. */
export type ServeHttpOptions = Omit<DistributionOptions, 'startServing'>;

/** Options of `HttpService.close()`. */
export interface HttpCloseOptions {
  /** Seconds after which connections that are still busy are destroyed; 10 by default. `Infinity`: never. */
  readonly timeout?: number;
}

/** Seconds that `close()` gives the answers by default. */
const CLOSE_TIMEOUT = 10;

/** An HTTP application that runs in all loops of a group, on one port. Made by `serveHttp()`. */
export class HttpService implements AsyncDisposable {
  /** Where it listens: the address of its first socket. */
  readonly address: SocketAddress | string;
  readonly #server: Server;
  readonly #loops: RemoteLoops;
  readonly #loop: SelectorEventLoop;
  #closed: Promise<void> | null = null;
  #cut: (() => void) | null = null;
  #deadline: NodeJS.Timeout | null = null;
  #endsAt = Infinity;

  /** @internal */
  constructor(loop: SelectorEventLoop, server: Server, loops: RemoteLoops) {
    this.#loop = loop;
    this.#server = server;
    this.#loops = loops;
    this.address = firstAddress(server.sockets);
  }

  /** The port that it listens on; 0 for a path. */
  get port(): number {
    return typeof this.address === 'string' ? 0 : this.address.port;
  }

  /** Its listening sockets; null once it closes. */
  get sockets(): readonly TransportSocket[] | null {
    return this.#server.sockets;
  }

  /** What each loop of the group has done for it. Loops that have ended are left out. No loop is asked. */
  statistics(): readonly ServingStatistics[] {
    return this.#loops.statistics();
  }

  /**
   * Ends the service. Accepts no more, and resolves when the last connection is gone in all loops: idle ones are closed at
   * once, others when their answer is sent. After `timeout` seconds, what is left is destroyed. It can be called again, with a
   * shorter time to hurry. Rejects with TypeError or RangeError for a wrong `timeout`, and with what the `close()` of an
   * application has thrown.
   */
  close(options: HttpCloseOptions = {}): Awaitable<void> {
    return startFunction(() => this.#close(options), { loop: this.#loop });
  }

  async #close(options: HttpCloseOptions): Promise<void> {
    if (typeof options !== 'object' || (options as object | null) === null) {
      throw typeError(`options must be an object, got ${inspect(options)}`);
    }
    const { timeout = CLOSE_TIMEOUT } = options;
    checkTime(timeout, 'timeout');
    if (timeout < 0) throw rangeError(`timeout must not be negative, got ${timeout}`);
    if (this.#closed === null) {
      this.#server.close();
      this.#closed = this.#drain();
      this.#closed.catch(() => undefined); // told to whoever waits for it
    }
    this.#destroyIn(timeout);
    await this.#closed;
  }

  /** As `close()`, with its defaults. */
  [Symbol.asyncDispose](): Awaitable<void> {
    return this.close();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const state = this.#closed === null ? 'serving' : 'closed';
    return `<HttpService ${state} address=${inspect(this.address)} connections=${this.#loops.size}>`;
  }

  async #drain(): Promise<void> {
    const cut = new Promise<void>((resolve) => (this.#cut = resolve));
    void cut.then(() => this.#loops.abortClients());
    try {
      await this.#loops.whenEmpty();
    } finally {
      if (this.#deadline !== null) clearTimeout(this.#deadline);
    }
  }

  #destroyIn(seconds: number): void {
    const endsAt = performance.now() + seconds * 1000;
    if (endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#cut?.(), seconds * 1000);
  }
}

/**
 * Runs an HTTP application in every loop of a group, on one port. `handler` refers to a function that makes it there: it returns
 * a request listener (Express' `app`, Koa's `app.callback()`), a server of Node's that does not listen (with `ws` on it), or an
 * object with such a `server` (an instance of Fastify). Node parses and answers; connections get to the loops as by
 * `createServer()` with a group. The service belongs to the running loop. Python has no counterpart.
 *
 * Rejects with what the handler throws, with RemoteFunctionError when its module cannot be imported, with TypeError
 * ERR_INVALID_RETURN_VALUE when it returns something else, and as `createServer()` does. Then nothing is left open.
 */
export function serveHttp(
  group: LoopGroup,
  handler: HttpHandler,
  options: ServeHttpOptions,
): Awaitable<HttpService> {
  const loop = getRunningLoop();
  if (!(loop instanceof SelectorEventLoop)) throw typeError('The running loop has no sockets');
  const serve = async (): Promise<HttpService> => {
    const opened = await openGroupServer(loop, group, handler, {
      ...options,
      kind: 'http',
      startServing: true,
    });
    return new HttpService(loop, ...opened);
  };
  return startFunction(serve, { loop, discard: (service) => void service.close({ timeout: 0 }) });
}

function firstAddress(sockets: readonly TransportSocket[] | null): SocketAddress | string {
  const [first] = sockets ?? [];
  return first?.getsockname() ?? '';
}
