import { inspect } from 'node:util';
import { type Awaitable, type BaseEventLoop, type CoroutineGenerator, gather } from '@ringloop/core';
import { startCoroutine } from '@ringloop/core/internal';
import { isSystemError } from '../libc/system-error.js';
import { checkBytes } from '../sockets/bytes.js';
import type { StreamReader } from '../streams/stream-reader.js';
import type { StreamWriter } from '../streams/stream-writer.js';
import type { SubprocessStreams } from './subprocess-streams.js';
import { EXITED, type SubprocessTransport } from './subprocess-transport.js';

/**
 * A process, for tasks: its streams, and its end. Made by `createSubprocessExec()` and `createSubprocessShell()`. Python:
 * asyncio.subprocess.Process.
 */
export class Process {
  /** What it reads; null unless that is PIPE. Python: Process.stdin. */
  readonly stdin: StreamWriter | null;
  /** What it writes; null unless that is PIPE. Python: Process.stdout. */
  readonly stdout: StreamReader | null;
  /** Its errors; null unless that is PIPE. Python: Process.stderr. */
  readonly stderr: StreamReader | null;
  /** The process id. Python: Process.pid. */
  readonly pid: number;
  readonly #transport: SubprocessTransport;
  readonly #loop: BaseEventLoop;

  /** @internal */
  constructor(loop: BaseEventLoop, transport: SubprocessTransport, streams: SubprocessStreams) {
    this.#loop = loop;
    this.#transport = transport;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    this.pid = transport.getPid();
  }

  /**
   * Null while it runs; then its exit code, or the negated number of the signal that has ended it: -9 for SIGKILL. 255 when other code
   * of this process has taken it from the system. Python: Process.returncode.
   */
  get returncode(): number | null {
    return this.#transport.getReturncode();
  }

  /**
   * Waits until the process has ended, and gives its return code. Any number of tasks may wait, and each may be cancelled. With pipes,
   * a process that writes much never ends unless somebody reads: use `communicate()`. Python: Process.wait().
   */
  wait(): Awaitable<number> {
    return startCoroutine(this.#transport[EXITED](), this.#loop);
  }

  /**
   * Writes `input` to stdin and closes it, reads stdout and stderr to their ends, and waits until the process has ended. That the
   * process did not read all of `input` is no error. When cancelled, the process goes on: kill it, and call this again to read the
   * rest. Python: Process.communicate(). Rejects with TypeError when `input` is no Uint8Array.
   * @param input null, the default: nothing
   * @returns what came out of stdout and stderr; null for one that is no pipe
   */
  communicate(input: Uint8Array | null = null): Awaitable<[stdout: Buffer | null, stderr: Buffer | null]> {
    return startCoroutine(this.#communicate(input), this.#loop);
  }

  /**
   * Sends the process a signal, by its name or number. Does nothing while it has ended and its pipes are open. Python:
   * Process.send_signal().
   * @throws {SystemError} ESRCH when it has ended and its pipes are closed; EPERM when it runs as another user
   * @throws {TypeError} when it is neither a name nor a number; ERR_UNKNOWN_SIGNAL when no signal has the name
   * @throws {RangeError} when no signal has the number
   */
  sendSignal(signal: NodeJS.Signals | number): void {
    this.#transport.sendSignal(signal);
  }

  /** Asks it to end: sends SIGTERM. Throws as `sendSignal()`. Python: Process.terminate(). */
  terminate(): void {
    this.#transport.terminate();
  }

  /** Ends it: sends SIGKILL. Throws as `sendSignal()`. Python: Process.kill(). */
  kill(): void {
    this.#transport.kill();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<Process ${this.pid}>`;
  }

  *#communicate(input: Uint8Array | null): CoroutineGenerator<[Buffer | null, Buffer | null]> {
    if (input !== null) checkBytes(input);
    const parts = gather([this.#feed(input), this.#read(1), this.#read(2)]);
    const [, stdout, stderr] = yield* parts;
    yield* this.#transport[EXITED]();
    return [stdout, stderr];
  }

  *#feed(input: Uint8Array | null): CoroutineGenerator<void> {
    const { stdin } = this;
    if (stdin === null) return;
    try {
      if (input !== null) stdin.write(input);
      yield* stdin.drain();
    } catch (thrown) {
      if (!isSystemError(thrown) || !HAS_NOT_READ.has(thrown.code)) throw thrown;
    }
    stdin.close();
  }

  *#read(fd: 1 | 2): CoroutineGenerator<Buffer | null> {
    const stream = fd === 1 ? this.stdout : this.stderr;
    if (stream === null) return null;
    const output = yield* stream.read();
    this.#transport.getPipeTransport(fd)?.close();
    return output;
  }
}

/** The process has closed its stdin, or has ended. */
const HAS_NOT_READ = new Set(['EPIPE', 'ECONNRESET']);
