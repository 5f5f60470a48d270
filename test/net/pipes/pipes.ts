import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Future } from '@ringloop/core';
import type { ReadTransport, SelectorEventLoop, WriteTransport } from '@ringloop/net';

/** Writes down what a transport of a pipe tells. */
export class PipeRecorder {
  readonly lost: Future<Error | null>;
  text = '';
  readonly #name: string;
  readonly #log: string[];
  readonly #loop: SelectorEventLoop;
  #wanted: { bytes: number; future: Future<undefined> } | null = null;

  constructor(loop: SelectorEventLoop, name: string, log: string[]) {
    this.#loop = loop;
    this.#name = name;
    this.#log = log;
    this.lost = loop.createFuture<Error | null>();
  }

  connectionMade(transport: ReadTransport | WriteTransport): void {
    this.#note(`made ${transport.constructor.name}`);
  }

  dataReceived(data: Buffer): void {
    this.text += data.toString('latin1');
    if (this.#wanted !== null && this.text.length >= this.#wanted.bytes)
      this.#wanted.future.setResult(undefined);
    if (this.#wanted?.future.done() === true) this.#wanted = null;
    this.#note('data');
  }

  eofReceived(): void {
    this.#note('eof');
  }

  connectionLost(exc: Error | null): void {
    this.#note(`lost ${exc === null ? 'null' : String((exc as { code?: unknown }).code)}`);
    this.lost.setResult(exc);
  }

  pauseWriting(): void {
    this.#note('pause');
  }

  resumeWriting(): void {
    this.#note('resume');
  }

  /** Resolves when so many bytes have come in since the beginning. */
  async received(bytes: number): Promise<void> {
    if (this.text.length >= bytes) return;
    const future = this.#loop.createFuture<undefined>();
    this.#wanted = { bytes, future };
    await future;
  }

  #note(what: string): void {
    const event = `${this.#name} ${what}`;
    if (what !== 'data' || this.#log.at(-1) !== event) this.#log.push(event);
  }
}

/** Both ends of a new pipe, as numbers; the test closes those that no transport takes. The reader's does not block. */
export function makePipe(): [reader: number, writer: number] {
  const folder = mkdtempSync(join(tmpdir(), 'ringloop-pipes-'));
  const path = join(folder, 'fifo');
  try {
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return [reader, openSync(path, 'w')];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whether the open file of the descriptor is non-blocking. */
export function isNonBlocking(fd: number): boolean {
  const flags = execFileSync('cat', [`/proc/${process.pid}/fdinfo/${fd}`], { encoding: 'utf8' });
  return (Number.parseInt(/flags:\s+(\d+)/.exec(flags)?.[1] ?? '', 8) & constants.O_NONBLOCK) !== 0;
}

/** A new pseudo-terminal: its master, and the path of its slave. */
export function makeTerminal(): { master: number; slave: string } {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const c = koffi.load(null);
  const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
  const name = Buffer.alloc(64);
  c.func('int grantpt(int fd)')(master);
  c.func('int unlockpt(int fd)')(master);
  c.func('int ptsname_r(int fd, void *name, size_t bytes)')(master, name, name.byteLength);
  return { master, slave: name.toString('latin1', 0, name.indexOf(0)) };
}

export function closeAll(...fds: number[]): void {
  for (const fd of fds) closeSync(fd);
}

/** Takes what there is in a pipe without a loop. */
export function readNow(fd: number): string {
  const room = Buffer.alloc(65_536);
  return room.toString('latin1', 0, readSync(fd, room));
}
