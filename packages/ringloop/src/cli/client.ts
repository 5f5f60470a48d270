import { performance } from 'node:perf_hooks';
import type { BaseEventLoop } from '@ringloop/core';
import { remote } from '@ringloop/threadsafe';
import { type EventLoop, getRunningLoop } from '../event-loop.js';
import { ClientConnection } from './client-connection.js';
import { CommandError } from './errors.js';
import { FileSender } from './file-sender.js';
import { HttpUplink } from './http-uplink.js';
import { type LoopActivity, loopActivity } from './loop-activity.js';
import { percentile } from './percentile.js';
import type { Uplink } from './uplink.js';

export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Whether the service is asked by HTTP. */
  readonly http: boolean;
}

export interface Streamed {
  readonly files: number;
  readonly bytes: number;
  /** Files that got a wrong answer. */
  readonly mismatches: readonly string[];
  /** If a file could not be read: why. The client has then stopped before the last file. */
  readonly failure: string | null;
  readonly seconds: number;
  /** Median time from opening a file to its answer, in ms; null when there was no answer. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly activity: LoopActivity;
}

/** Loops that were asked to stop. */
const stopping = new WeakSet<BaseEventLoop>();

/** Tells the called loop to begin no further file, in a running or a later `streamFiles()`. */
export const stopStreaming = remote(import.meta.url, function stopStreaming(): void {
  stopping.add(getRunningLoop());
});

/** Sends the files from the called loop, over several connections, and checks the answers. */
export const streamFiles = remote(
  import.meta.url,
  async function streamFiles(files: readonly string[], destination: Destination): Promise<Streamed> {
    const loop = getRunningLoop();
    const before = performance.eventLoopUtilization();
    const start = loop.time();
    const client = new Client(loop, files);
    const count = Math.min(destination.connections, files.length);
    await Promise.all(Array.from({ length: count }, () => client.useConnection(destination)));
    const seconds = loop.time() - start;
    return { ...client.result(), seconds, activity: loopActivity(loop, before) };
  },
);

/** One run of the client: its connections take the files from one list. */
class Client {
  readonly #loop: EventLoop;
  readonly #files: Iterator<string>;
  readonly #latenciesMs: number[] = [];
  readonly #mismatches: string[] = [];
  #bytes = 0;
  #failure: string | null = null;

  constructor(loop: EventLoop, files: readonly string[]) {
    this.#loop = loop;
    this.#files = files[Symbol.iterator]();
  }

  result(): Omit<Streamed, 'seconds' | 'activity'> {
    const sorted = this.#latenciesMs.toSorted((a, b) => a - b);
    return {
      files: sorted.length,
      bytes: this.#bytes,
      mismatches: this.#mismatches,
      failure: this.#failure,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
    };
  }

  /** Opens a connection and sends files over it while there are any. */
  async useConnection(destination: Destination): Promise<void> {
    const connection = await this.#connect(destination);
    const sender = new FileSender(connection);
    try {
      for (let path = this.#next(); path !== null; path = this.#next()) await this.#send(sender, path);
    } catch (thrown) {
      if (!(thrown instanceof CommandError)) throw thrown;
      this.#failure ??= thrown.message; // a string: it must be sent to the main thread
    } finally {
      await connection.close();
    }
  }

  async #connect({ host, port, http }: Destination): Promise<Uplink> {
    if (http) return new HttpUplink({ host, port });
    const [, connection] = await this.#loop.createConnection(() => new ClientConnection(this.#loop), {
      host,
      port,
    });
    return connection;
  }

  async #send(sender: FileSender, path: string): Promise<void> {
    const start = this.#loop.time();
    const { bytes, isRight } = await sender.send(path);
    this.#latenciesMs.push((this.#loop.time() - start) * 1000);
    this.#bytes += bytes;
    if (!isRight) this.#mismatches.push(path);
  }

  #next(): string | null {
    if (this.#failure !== null || stopping.has(this.#loop)) return null;
    const next = this.#files.next();
    return next.done === true ? null : next.value;
  }
}
