import { inspect } from 'node:util';
import type { CoroutineGenerator, Future } from '@ringloop/core';
import { systemError } from '../libc/system-error.js';
import { ESRCH } from '../libc/syscalls.js';
import { type Abandonable, NET, type NetLoop } from '../loop-net.js';
import type { ReadPipeTransport } from '../pipes/read-pipe-transport.js';
import type { WritePipeTransport } from '../pipes/write-pipe-transport.js';
import { checkProtocol } from '../transports/make-protocol.js';
import { ProtocolErrors } from '../transports/protocol-errors.js';
import type { BaseTransport } from '../transports/transport.js';
import type { Child, StartedChild } from './child.js';
import { ChildPipe, type PipeOwner } from './child-pipe.js';
import { SIGKILL, SIGTERM, signalOf } from './signal-of.js';
import type { SubprocessProtocol } from './subprocess-protocol.js';

/** Waits until the process has ended. For Process, and for whoever is cancelled. */
export const EXITED: unique symbol = Symbol('exited');

export interface SubprocessTransportOptions {
  readonly protocol: SubprocessProtocol;
  /** Called in the loop right after connectionMade. */
  readonly onStarted: () => void;
}

/**
 * A process that was started, and the pipes to it. Its protocol hears what it writes, and how it ends. Python: the transport of
 * loop.subprocess_exec(), asyncio.SubprocessTransport.
 */
export class SubprocessTransport implements BaseTransport, Abandonable {
  readonly #loop: NetLoop;
  readonly #child: Child;
  readonly #errors: ProtocolErrors;
  readonly #pipes = new Map<number, ChildPipe>();
  readonly #exitWaiters = new Set<Future<undefined>>();
  /** What happened before connectionMade; null from then on. */
  #early: (() => void)[] | null = [];
  #protocol: SubprocessProtocol;
  #returncode: number | null = null;
  #isClosed = false;
  /** ending: connectionLost is queued. ended: it was called. */
  #state: 'running' | 'ending' | 'ended' = 'running';

  /** @throws {SystemError} when the system refuses to watch the process: it is killed then, and its pipes are closed */
  constructor(
    loop: NetLoop,
    { child, ends }: StartedChild,
    { protocol, onStarted }: SubprocessTransportOptions,
  ) {
    this.#loop = loop;
    this.#child = child;
    this.#protocol = protocol;
    this.#errors = new ProtocolErrors(loop, this);
    try {
      child.watch(this.#processExited);
    } catch (thrown) {
      for (const end of ends) end?.close();
      throw thrown;
    }
    loop[NET].opened(this, 'process');
    if (loop.getDebug()) console.debug(`process created: pid ${child.pid}`);
    this.#connectPipes(ends, () => {
      this.#queue(() => {
        this.#errors.watch(this.#protocol.connectionMade?.(this), 'protocol.connection_made() failed');
      });
      for (const call of this.#early ?? []) this.#queue(call);
      this.#early = null;
      this.#queue(onStarted);
    });
  }

  /** The process id. Python: SubprocessTransport.get_pid(). */
  getPid(): number {
    return this.#child.pid;
  }

  /**
   * Null while the process runs; then its exit code, or the negated number of the signal that has ended it: -9 for SIGKILL. 255 when
   * other code of this process has taken it from the system. Python: SubprocessTransport.get_returncode().
   */
  getReturncode(): number | null {
    return this.#returncode;
  }

  /** The transport of the pipe to its stdin; null if that is no pipe. Python: SubprocessTransport.get_pipe_transport(0). */
  getPipeTransport(fd: 0): WritePipeTransport | null;
  /** The transport of the pipe from its stdout or stderr; null if that is no pipe. Python: SubprocessTransport.get_pipe_transport(). */
  getPipeTransport(fd: 1 | 2): ReadPipeTransport | null;
  /** The same for any number: null if there is no such pipe. */
  getPipeTransport(fd: number): ReadPipeTransport | WritePipeTransport | null;
  getPipeTransport(fd: number): ReadPipeTransport | WritePipeTransport | null {
    return this.#pipes.get(fd)?.transport ?? null;
  }

  /**
   * Sends the process a signal, by its name or number. Does nothing between its end and connectionLost. Python:
   * SubprocessTransport.send_signal().
   * @throws {SystemError} ESRCH after connectionLost; EPERM when the process runs as another user
   * @throws {TypeError} when it is neither a name nor a number; ERR_UNKNOWN_SIGNAL when no signal has the name
   * @throws {RangeError} when no signal has the number
   */
  sendSignal(signal: NodeJS.Signals | number): void {
    const number = signalOf(signal);
    if (this.#state === 'ended') throw systemError('kill', ESRCH);
    if (this.#returncode === null) this.#child.sendSignal(number);
  }

  /** Asks the process to end: sends it SIGTERM. Throws as `sendSignal()`. Python: SubprocessTransport.terminate(). */
  terminate(): void {
    this.sendSignal(SIGTERM);
  }

  /** Ends the process: sends it SIGKILL. Throws as `sendSignal()`. Python: SubprocessTransport.kill(). */
  kill(): void {
    this.sendSignal(SIGKILL);
  }

  /**
   * Closes the pipes, and kills the process if it still runs. The protocol hears of the end of each; what is still to be written to
   * stdin is written first. Does nothing when called again. Python: SubprocessTransport.close().
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { transport } of this.#pipes.values()) transport.close();
    if (this.#returncode !== null || !this.#child.isRunning()) return;
    if (this.#loop.getDebug()) console.warn(`Close running child process: kill ${inspect(this)}`);
    try {
      this.#child.sendSignal(SIGKILL);
    } catch (thrown) {
      // It runs as another user, and goes on until it ends by itself.
      if ((thrown as NodeJS.ErrnoException).code !== 'EPERM') throw thrown;
    }
  }

  /** True after `close()`, and not before, even if the process has ended. Python: BaseTransport.is_closing(). */
  isClosing(): boolean {
    return this.#isClosed;
  }

  /** Nothing is known by any name; gives `defaultValue`. Python: BaseTransport.get_extra_info(). */
  getExtraInfo(_name: string, defaultValue: unknown = null): unknown {
    return defaultValue;
  }

  /** Sets the protocol that gets the events from now on. Python: BaseTransport.set_protocol(). */
  setProtocol(protocol: SubprocessProtocol): void {
    checkProtocol(protocol);
    this.#protocol = protocol;
  }

  /** The protocol that gets the events. Python: BaseTransport.get_protocol(). */
  getProtocol(): SubprocessProtocol {
    return this.#protocol;
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const state = this.#returncode === null ? 'running' : `returncode=${this.#returncode}`;
    const pipes = [...this.#pipes].map(([fd, { transport }]) => ` ${NAMES[fd] ?? fd}=${inspect(transport)}`);
    return `<SubprocessTransport${this.#isClosed ? ' closed' : ''} pid=${this.getPid()} ${state}${pipes.join('')}>`;
  }

  /** Called when the loop is closed: kills the process, and calls nobody. The pipes are abandoned by themselves. */
  abandon(): void {
    this.#isClosed = true;
    this.#state = 'ended';
    this.#child.abandon();
  }

  /** Waits until the process has ended, and gives its return code. Any number may wait. @internal */
  *[EXITED](): CoroutineGenerator<number> {
    while (this.#returncode === null) {
      const waiter = this.#loop.createFuture<undefined>();
      this.#exitWaiters.add(waiter);
      try {
        yield waiter;
      } finally {
        this.#exitWaiters.delete(waiter);
      }
    }
    return this.#returncode;
  }

  #connectPipes(ends: StartedChild['ends'], connected: () => void): void {
    let left = ends.filter((end) => end !== null).length;
    if (left === 0) this.#queue(connected);
    const onStarted = (): void => {
      if (--left === 0) connected();
    };
    const owner: PipeOwner = {
      pipeDataReceived: (fd, data) =>
        this.#call('pipe_data_received', () => this.#protocol.pipeDataReceived?.(fd, data)),
      pipeConnectionLost: (fd, exc) => {
        this.#call('pipe_connection_lost', () => this.#protocol.pipeConnectionLost?.(fd, exc));
        this.#tryFinish();
      },
      flow: (method) => this.#errors.tellFlow(method),
    };
    ends.forEach((end, fd) => {
      if (end !== null) this.#pipes.set(fd, new ChildPipe(this.#loop, end, { fd, owner, onStarted }));
    });
  }

  /** Calls a method of the protocol in the next iteration, but not before connectionMade. */
  #call(name: string, call: () => unknown): void {
    const watched = (): void => this.#errors.watch(call(), `protocol.${name}() failed`);
    if (this.#early !== null) this.#early.push(watched);
    else this.#queue(watched);
  }

  #queue(call: () => void): void {
    this.#loop.callSoon(call);
  }

  readonly #processExited = (returncode: number): void => {
    if (this.#loop.getDebug()) console.debug(`${inspect(this)} exited with return code ${returncode}`);
    this.#returncode = returncode;
    this.#call('process_exited', () => this.#protocol.processExited?.());
    this.#tryFinish();
    for (const waiter of this.#exitWaiters) if (!waiter.done()) waiter.setResult(undefined);
  };

  #tryFinish(): void {
    if (this.#returncode === null || this.#state !== 'running') return;
    for (const pipe of this.#pipes.values()) if (!pipe.isLost) return;
    this.#state = 'ending';
    this.#call('connection_lost', () => {
      if (this.#state === 'ended') return undefined; // the loop was closed meanwhile
      this.#state = 'ended';
      this.#loop[NET].closed(this);
      return this.#protocol.connectionLost?.(null);
    });
  }
}

const NAMES = ['stdin', 'stdout', 'stderr'];
