import { Handle, type TimerHandle } from '@ringloop/core';
import { runApart } from '@ringloop/core/internal';
import { NET, type NetLoop } from '../loop-net.js';
import type { SocketAddress } from '../sockets/sockaddr.js';
import type { ConnectedSocket, ListeningSocket } from '../sockets/socket-like.js';
import { EAGAIN, ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM } from '../libc/syscalls.js';
import { isSystemError, systemError } from '../libc/system-error.js';

/** Seconds to wait before accepting again when the system has run out of descriptors. CPython: ACCEPT_RETRY_DELAY. */
const ACCEPT_RETRY_DELAY = 1;

/** Seconds to wait before accepting again when nobody can serve a connection. Arbitrary: a loop restarts in a fraction of that. */
const NOBODY_RETRY_DELAY = 0.1;

/** Gets an accepted connection. False: nobody can serve more of them now. */
export type OnConnection = (sock: ConnectedSocket, peername: SocketAddress | string) => boolean | void;

const OUT_OF_RESOURCES = new Set([EMFILE, ENFILE, ENOBUFS, ENOMEM]);

/** Accepts the connections of one listening socket. */
export class Listener {
  readonly sock: ListeningSocket;
  readonly #loop: NetLoop;
  readonly #backlog: number;
  readonly #onConnection: OnConnection;
  #retry: TimerHandle | null = null;

  constructor(
    loop: NetLoop,
    sock: ListeningSocket,
    options: { backlog: number; onConnection: OnConnection },
  ) {
    this.sock = sock;
    this.#loop = loop;
    this.#backlog = options.backlog;
    this.#onConnection = options.onConnection;
  }

  /** @throws {SystemError} EADDRINUSE */
  start(): void {
    this.sock.listen(this.#backlog);
    this.#loop[NET].listening.add(this.sock.fileno());
    this.#watch();
  }

  close(): void {
    this.#retry?.cancel();
    const fd = this.sock.fileno();
    this.#loop[NET].listening.delete(fd);
    if (fd !== -1) this.#loop[NET].selector.unwatch(fd, 'reader');
    this.sock.close();
  }

  #watch(): void {
    this.#retry = null;
    this.#loop[NET].selector.watch(
      this.sock.fileno(),
      'reader',
      new Handle(this.#onReadable, [], this.#loop),
    );
  }

  /**
   * Accepts a full queue and one connection that was still arriving, as CPython does. Later connections wait for the
   * next iteration, so that they cannot starve other callbacks.
   */
  readonly #onReadable = (): void => {
    for (let left = this.#backlog + 1; left > 0 && this.sock.fileno() !== -1; left--) {
      const accepted = this.sock.tryAccept();
      // Run each factory in its own async context: it must not see what another one stored in AsyncLocalStorages.
      if (typeof accepted !== 'number') {
        if (runApart(() => this.#onConnection(...accepted)) === false) return this.#pause(NOBODY_RETRY_DELAY);
      } else if (accepted === -EAGAIN) return;
      else if (accepted !== -ECONNABORTED) return this.#failed(-accepted); // aborted: the peer gave up while queued
    }
  };

  #failed(errno: number): void {
    const exception = systemError('accept', errno);
    if (!OUT_OF_RESOURCES.has(errno)) throw exception;
    this.#outOfResources(exception);
  }

  #outOfResources(exception: Error): void {
    this.#pause(ACCEPT_RETRY_DELAY);
    const message = 'socket.accept() out of system resource';
    this.#loop.callExceptionHandler({ message, exception, socket: this.sock });
  }

  #pause(delay: number): void {
    if (this.sock.fileno() === -1) return; // closed meanwhile
    this.#loop[NET].selector.unwatch(this.sock.fileno(), 'reader');
    this.#retry = this.#loop.callLater(delay, this.#resume);
  }

  readonly #resume = (): void => {
    try {
      this.#watch();
    } catch (thrown) {
      if (!isSystemError(thrown)) throw thrown;
      this.#outOfResources(thrown); // still: giving up would leave a server that never accepts
    }
  };
}
